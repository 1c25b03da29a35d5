#include "base/error.hpp"
#include "base/interrupt.hpp"
#include "pg/index_lookup.hpp"
#include "pg/spi.hpp"
#include "profile/directory.hpp"
#include "profile/traits.hpp"

#include <algorithm>
#include <set>

namespace cdp::profile {

namespace {

constexpr int64_t kMaxUserNo = 4294967295;

const char* name_of(IdentityKind kind) { return kind == IdentityKind::UserId ? "user_id" : "anonymous_id"; }

}  // namespace

Directory::Directory(pg::Spi& spi, std::span<const event::Message* const> messages) : spi_(spi) {
  std::set<Key> keys;
  for (const event::Message* message : messages) {
    if (message->user_id) keys.emplace(IdentityKind::UserId, *message->user_id);
    if (message->anonymous_id) keys.emplace(IdentityKind::AnonymousId, *message->anonymous_id);
    if (message->previous_id) {
      keys.emplace(IdentityKind::UserId, *message->previous_id);
      keys.emplace(IdentityKind::AnonymousId, *message->previous_id);
    }
  }
  load(keys);
}

void Directory::load(const std::set<Key>& keys) {
  std::set<int64_t> numbers;
  {
    pg::IndexLookup known("cdp", "identity", "identity_pkey");
    for (const Key& key : keys) {
      known.find(
          [&](const pg::IndexLookup::Row& row) {
            identities_[key] = row.bigint(2);
            numbers.insert(row.bigint(2));
          },
          std::string_view(key.second), std::string_view(name_of(key.first)));
    }
  }
  load_profiles(numbers);
}

void Directory::load_profiles(const std::set<int64_t>& numbers) {
  pg::IndexLookup known("cdp", "profile", "profile_pkey");
  for (const int64_t user_no : numbers) {
    known.find(
        [&](const pg::IndexLookup::Row& row) {
          Profile profile;
          profile.user_no = user_no;
          if (!row.is_null(1)) profile.user_id = row.text(1);
          profile.traits = row.json(2);
          profile.trait_times = row.json(3);
          profile.first_seen = row.instant(4);
          profile.last_seen = row.instant(5);
          profiles_.emplace(user_no, std::move(profile));
        },
        user_no);
  }
}

std::optional<int64_t> Directory::find(IdentityKind kind, const std::string& value) const {
  const auto found = identities_.find({kind, value});
  if (found == identities_.end()) return std::nullopt;
  return current(found->second);
}

int64_t Directory::make() {
  if (!last_user_no_) {
    static pg::Query query("SELECT coalesce(max(last_user_no), 0) FROM cdp.user_counter");
    last_user_no_ = query(spi_).bigint(0, 0);
  }
  if (*last_user_no_ >= kMaxUserNo)
    throw Error(Category::Limit, "no user numbers are left",
                "4294967295 profiles were made in this database.");
  has_counted_ = true;
  Profile profile;
  profile.user_no = ++*last_user_no_;
  profile.is_new = true;
  const int64_t user_no = profile.user_no;
  profiles_.emplace(user_no, std::move(profile));
  return user_no;
}

void Directory::tie(IdentityKind kind, const std::string& value, int64_t user_no) {
  identities_[{kind, value}] = user_no;
  untied_[{kind, value}] = true;
}

int64_t Directory::find_or_make(IdentityKind kind, const std::string& value) {
  if (const auto found = find(kind, value)) return *found;
  const int64_t user_no = make();
  tie(kind, value, user_no);
  if (kind == IdentityKind::UserId) profiles_.at(user_no).user_id = value;
  return user_no;
}

int64_t Directory::current(int64_t user_no) const {
  for (auto next = merged_into_.find(user_no); next != merged_into_.end(); next = merged_into_.find(user_no))
    user_no = next->second;
  return user_no;
}

void Directory::merge(int64_t loser, int64_t winner, const event::Message& message) {
  Profile& from = profiles_.at(loser);
  Profile& into = profiles_.at(winner);
  merge_traits(into.traits, into.trait_times, from.traits, from.trait_times);
  into.first_seen = std::min(into.first_seen, from.first_seen);
  into.last_seen = std::max(into.last_seen, from.last_seen);
  into.has_changed = into.have_traits_changed = true;
  merged_into_[loser] = winner;
  if (!from.is_new) merges_.push_back({loser, winner, message.time, message.received_at});
  profiles_.erase(loser);
}

int64_t Directory::resolve_alias(const event::Message& message) {
  std::optional<int64_t> previous = find(IdentityKind::UserId, *message.previous_id);
  if (!previous) previous = find(IdentityKind::AnonymousId, *message.previous_id);
  const std::optional<int64_t> user = find(IdentityKind::UserId, *message.user_id);
  if (!previous) {
    const int64_t user_no = user ? *user : find_or_make(IdentityKind::UserId, *message.user_id);
    // Nobody can say yet of which kind it will be when it is heard of.
    tie(IdentityKind::UserId, *message.previous_id, user_no);
    tie(IdentityKind::AnonymousId, *message.previous_id, user_no);
    return user_no;
  }
  if (!user) {
    // The new id takes over the profile that is there.
    tie(IdentityKind::UserId, *message.user_id, *previous);
    Profile& profile = profiles_.at(*previous);
    profile.user_id = *message.user_id;
    profile.has_changed = true;
    return *previous;
  }
  if (*previous != *user) merge(*previous, *user, message);
  return *user;
}

int64_t Directory::resolve(const event::Message& message) {
  int64_t user_no = 0;
  if (message.kind == event::MessageKind::Alias) {
    user_no = resolve_alias(message);
  } else if (!message.user_id) {
    user_no = find_or_make(IdentityKind::AnonymousId, *message.anonymous_id);
  } else if (!message.anonymous_id) {
    user_no = find_or_make(IdentityKind::UserId, *message.user_id);
  } else {
    const std::optional<int64_t> anonymous = find(IdentityKind::AnonymousId, *message.anonymous_id);
    const std::optional<int64_t> user = find(IdentityKind::UserId, *message.user_id);
    const bool is_unclaimed = anonymous && !profiles_.at(*anonymous).user_id;
    if (is_unclaimed && !user) {
      // The anonymous profile becomes the user's: nothing needs to move.
      user_no = *anonymous;
      tie(IdentityKind::UserId, *message.user_id, user_no);
      profiles_.at(user_no).user_id = *message.user_id;
    } else {
      user_no = user ? *user : find_or_make(IdentityKind::UserId, *message.user_id);
      if (is_unclaimed && *anonymous != user_no) merge(*anonymous, user_no, message);
      if (anonymous != user_no) tie(IdentityKind::AnonymousId, *message.anonymous_id, user_no);
    }
  }
  Profile& profile = profiles_.at(user_no);
  profile.first_seen = std::min(profile.first_seen, message.time);
  profile.last_seen = std::max(profile.last_seen, message.time);
  profile.has_changed = true;
  if (message.kind == event::MessageKind::Identify &&
      set_traits(profile.traits, profile.trait_times, message.traits, message.time))
    profile.have_traits_changed = true;
  return user_no;
}

void Directory::save() {
  std::vector<int64_t> new_numbers, seen_numbers, changed_numbers;
  std::vector<std::optional<std::string>> new_ids, seen_ids, changed_ids;
  std::vector<std::string> new_traits, new_times, changed_traits, changed_times;
  std::vector<Instant> new_first, new_last, seen_first, seen_last;
  for (const auto& [user_no, profile] : profiles_) {
    if (!profile.is_new && !profile.has_changed) continue;
    if (profile.is_new) {
      new_numbers.push_back(user_no);
      new_ids.push_back(profile.user_id);
      new_traits.push_back(profile.traits.dump());
      new_times.push_back(profile.trait_times.dump());
      new_first.push_back(profile.first_seen);
      new_last.push_back(profile.last_seen);
      continue;
    }
    seen_numbers.push_back(user_no);
    seen_ids.push_back(profile.user_id);
    seen_first.push_back(profile.first_seen);
    seen_last.push_back(profile.last_seen);
    if (!profile.have_traits_changed) continue;
    changed_numbers.push_back(user_no);
    changed_traits.push_back(profile.traits.dump());
    changed_times.push_back(profile.trait_times.dump());
  }
  if (!new_numbers.empty()) {
    static pg::Query insert(
        "INSERT INTO cdp.profile (user_no, user_id, traits, trait_times, first_seen, last_seen)"
        " SELECT user_no, user_id, traits::jsonb, times::jsonb, first, last FROM unnest($1::bigint[], "
        "$2::text[],"
        " $3::text[], $4::text[], $5::timestamptz[], $6::timestamptz[]) AS p (user_no, user_id, traits, "
        "times, first,"
        " last) ORDER BY user_no");
    (void)insert(spi_, new_numbers, new_ids, new_traits, new_times, new_first, new_last);
  }
  if (!seen_numbers.empty()) {
    static pg::Query update(
        "UPDATE cdp.profile AS p SET user_id = n.user_id, first_seen = n.first, last_seen = n.last"
        " FROM unnest($1::bigint[], $2::text[], $3::timestamptz[], $4::timestamptz[]) AS n (user_no, "
        "user_id, first,"
        " last) WHERE p.user_no = n.user_no");
    (void)update(spi_, seen_numbers, seen_ids, seen_first, seen_last);
  }
  if (!changed_numbers.empty()) {
    static pg::Query update(
        "UPDATE cdp.profile AS p SET traits = n.traits::jsonb, trait_times = n.times::jsonb"
        " FROM unnest($1::bigint[], $2::text[], $3::text[]) AS n (user_no, traits, times)"
        " WHERE p.user_no = n.user_no");
    (void)update(spi_, changed_numbers, changed_traits, changed_times);
  }

  std::vector<std::string> kinds, values;
  std::vector<int64_t> owners;
  for (const auto& [key, is_untied] : untied_) {
    kinds.emplace_back(name_of(key.first));
    values.push_back(key.second);
    owners.push_back(current(identities_.at(key)));
  }
  if (!kinds.empty()) {
    static pg::Query upsert(
        "INSERT INTO cdp.identity (kind, value, user_no) SELECT * FROM unnest($1::text[], $2::text[], "
        "$3::bigint[])"
        " ON CONFLICT (value, kind) DO UPDATE SET user_no = excluded.user_no");
    (void)upsert(spi_, kinds, values, owners);
  }
  for (const Merge& merged : merges_) {
    static pg::Query hand_over("UPDATE cdp.identity SET user_no = $2 WHERE user_no = $1");
    static pg::Query remove("DELETE FROM cdp.profile WHERE user_no = $1");
    (void)hand_over(spi_, merged.loser, current(merged.winner));
    (void)remove(spi_, merged.loser);
  }
  if (has_counted_) {
    static pg::Query count(
        "INSERT INTO cdp.user_counter (last_user_no) VALUES ($1)"
        " ON CONFLICT (is_single) DO UPDATE SET last_user_no = excluded.last_user_no");
    (void)count(spi_, *last_user_no_);
  }
}

std::optional<int64_t> find_user(pg::Spi& spi, std::string_view id) {
  static pg::Query query("SELECT user_no FROM cdp.identity WHERE value = $1 ORDER BY kind DESC LIMIT 1");
  const pg::Rows rows = query(spi, id);
  if (rows.empty()) return std::nullopt;
  return rows.bigint(0, 0);
}

}  // namespace cdp::profile
