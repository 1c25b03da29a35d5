#include "base/error.hpp"
#include "pg/index_lookup.hpp"
#include "pg/spi.hpp"
#include "profile/directory.hpp"
#include "profile/traits.hpp"

#include <algorithm>
#include <utility>

namespace cdp::profile {

namespace {

constexpr int64_t kMaxUserNo = 4294967295;

/// Where cdp.identity_kind has no row: 100 user ids and 1,000 anonymous ids.
constexpr std::array<std::optional<int64_t>, kIdentityKinds> kDefaultLimits{100, 1000};

size_t index_of(IdentityKind kind) { return static_cast<size_t>(kind); }

/// One more id of this kind.
IdCounts one(IdentityKind kind) {
  IdCounts counts{};
  counts.at(index_of(kind)) = 1;
  return counts;
}

}  // namespace

Directory::Directory(pg::Spi& spi, std::span<const event::Received> messages) : spi_(spi) {
  std::array<std::vector<std::string_view>, kIdentityKinds> named;
  auto& [user_ids, anonymous_ids] = named;
  for (const event::Received& received : messages) {
    const event::Message& message = received.message;
    if (message.user_id) user_ids.push_back(*message.user_id);
    if (message.anonymous_id) anonymous_ids.push_back(*message.anonymous_id);
    // Which an alias may have tied as both kinds.
    if (message.anonymous_id && message.user_id) user_ids.push_back(*message.anonymous_id);
    if (!message.previous_id) continue;
    user_ids.push_back(*message.previous_id);
    anonymous_ids.push_back(*message.previous_id);
  }
  pg::IndexLookup stored("cdp", "identity", "identity_pkey");
  for (const IdentityKind kind : {IdentityKind::UserId, IdentityKind::AnonymousId}) {
    // Neighbours in the index one after the other.
    std::vector<std::string_view>& values = named.at(index_of(kind));
    std::sort(values.begin(), values.end());
    values.erase(std::unique(values.begin(), values.end()), values.end());
    for (const std::string_view value : values)
      stored.find(
          [&](const pg::IndexLookup::Row& row) {
            identities_.at(index_of(kind)).emplace(value, Identity{row.bigint(2), row.place(), false});
          },
          value, std::string_view(name_of(kind)));
  }
  load_profiles();
}

void Directory::load_profiles() {
  std::vector<int64_t> numbers;
  for (const auto& identities : identities_)
    for (const auto& [value, identity] : identities) numbers.push_back(identity.user_no);
  std::sort(numbers.begin(), numbers.end());
  numbers.erase(std::unique(numbers.begin(), numbers.end()), numbers.end());
  pg::IndexLookup stored("cdp", "profile", "profile_pkey");
  for (const int64_t user_no : numbers) {
    stored.find(
        [&](const pg::IndexLookup::Row& row) {
          Profile profile;
          profile.user_no = user_no;
          if (!row.is_null(1)) profile.user_id = row.text(1);
          profile.traits = row.json(2);
          profile.trait_times = row.json(3);
          profile.first_seen = row.instant(4);
          profile.last_seen = profile.last_seen_before = row.instant(5);
          profile.place = row.place();
          profiles_.emplace(user_no, std::move(profile));
        },
        user_no);
  }
}

std::optional<int64_t> Directory::find(IdentityKind kind, const std::string& value) const {
  const auto& identities = identities_.at(index_of(kind));
  const auto found = identities.find(value);
  if (found == identities.end()) return std::nullopt;
  return current(found->second.user_no);
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
  profile.is_new = profile.are_ids_counted = true;
  const int64_t user_no = profile.user_no;
  profiles_.emplace(user_no, std::move(profile));
  return user_no;
}

void Directory::tie(IdentityKind kind, const std::string& value, int64_t user_no) {
  const auto [known, is_new] = identities_.at(index_of(kind)).try_emplace(value);
  Identity& identity = known->second;
  if (!is_new) --profiles_.at(current(identity.user_no)).ids.at(index_of(kind));
  identity.user_no = user_no;
  identity.is_untied = true;
  ++profiles_.at(user_no).ids.at(index_of(kind));
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

const Directory::Limits& Directory::limits() {
  if (limits_) return *limits_;
  static pg::Query query("SELECT kind = 'user_id', max_per_user FROM cdp.identity_kind");
  limits_.emplace(kDefaultLimits);
  const pg::Rows rows = query(spi_);
  for (uint64_t i = 0; i < rows.size(); ++i)
    limits_->at(index_of(rows.boolean(i, 0) ? IdentityKind::UserId : IdentityKind::AnonymousId)) =
        rows.is_null(i, 1) ? std::nullopt : std::optional(rows.bigint(i, 1));
  return *limits_;
}

/// Adds the ids that are stored as this person's, once; none where nothing is limited. What the batch does
/// with ids is stored at its end and stands in `ids` already.
void Directory::count_ids(Profile& profile) {
  if (profile.are_ids_counted) return;
  const Limits& limits = this->limits();
  if (std::none_of(limits.begin(), limits.end(), [](const auto& limit) { return limit.has_value(); })) return;
  profile.are_ids_counted = true;
  pg::IndexLookup stored("cdp", "identity", "identity_user_no");
  stored.find(
      [&](const pg::IndexLookup::Row& row) {
        const bool is_user_id = row.text(0) == name_of(IdentityKind::UserId);
        ++profile.ids.at(index_of(is_user_id ? IdentityKind::UserId : IdentityKind::AnonymousId));
      },
      profile.user_no);
}

std::optional<IdentityKind> Directory::limit_against(int64_t user_no, const IdCounts& more) {
  Profile& profile = profiles_.at(user_no);
  for (const IdentityKind kind : {IdentityKind::UserId, IdentityKind::AnonymousId}) {
    const int64_t added = more.at(index_of(kind));
    // Every limit allows one, which is all that most people ever have.
    if (added == 0 || (profile.is_new && profile.ids.at(index_of(kind)) + added <= 1)) continue;
    const std::optional<int64_t> limit = limits().at(index_of(kind));
    if (!limit) continue;
    count_ids(profile);
    if (profile.ids.at(index_of(kind)) + added > *limit) return kind;
  }
  return std::nullopt;
}

void Directory::merge(int64_t loser, int64_t winner, const event::Message& message) {
  Profile& from = profiles_.at(loser);
  Profile& into = profiles_.at(winner);
  merge_traits(into.traits, into.trait_times, from.traits, from.trait_times, into.changed_traits);
  into.first_seen = std::min(into.first_seen, from.first_seen);
  into.last_seen = std::max(into.last_seen, from.last_seen);
  into.last_seen_before = std::max(into.last_seen_before, from.last_seen_before);
  into.has_changed = into.have_traits_changed = true;
  count_ids(into);
  count_ids(from);
  for (size_t kind = 0; kind < from.ids.size(); ++kind) into.ids.at(kind) += from.ids.at(kind);
  merged_into_[loser] = winner;
  if (!from.is_new) merges_.push_back({loser, winner, message.time, message.received_at});
  profiles_.erase(loser);
}

std::optional<std::string> Directory::rename(int64_t user_no, const event::Message& message) {
  Profile& profile = profiles_.at(user_no);
  profile.has_changed = true;
  if (!profile.is_new) renamed_.push_back({user_no, message.time, message.received_at});
  return std::exchange(profile.user_id, message.user_id);
}

void Directory::merge_if_allowed(int64_t loser, int64_t winner, const Link& link,
                                 const event::Received& cause) {
  count_ids(profiles_.at(loser));
  if (const auto limit = limit_against(winner, profiles_.at(loser).ids)) {
    log_.refused(person(winner), person(loser), link, *limit, cause);
    return;
  }
  log_.merged(person(winner), person(loser), link, cause);
  merge(loser, winner, cause.message);
}

int64_t Directory::resolve_alias(const event::Received& received) {
  const std::string& previous_id = *received.message.previous_id;
  const std::string& user_id = *received.message.user_id;
  if (previous_id == user_id) return find_or_make(IdentityKind::UserId, user_id);
  Link link{IdentityKind::UserId, previous_id};
  std::optional<int64_t> previous = find(IdentityKind::UserId, previous_id);
  if (!previous) {
    previous = find(IdentityKind::AnonymousId, previous_id);
    if (previous) link.kind = IdentityKind::AnonymousId;
  }
  if (!previous) {
    const int64_t user_no = find_or_make(IdentityKind::UserId, user_id);
    if (const auto limit = limit_against(user_no, {1, 1})) {
      log_.refused(person(user_no), std::nullopt, link, *limit, received);
      return user_no;
    }
    // Nobody can say yet of which kind it will be when it is heard of.
    tie(IdentityKind::UserId, previous_id, user_no);
    tie(IdentityKind::AnonymousId, previous_id, user_no);
    return user_no;
  }
  if (const std::optional<int64_t> user = find(IdentityKind::UserId, user_id)) {
    if (*previous != *user) merge_if_allowed(*previous, *user, link, received);
    return *user;
  }
  if (const auto limit = limit_against(*previous, one(IdentityKind::UserId))) {
    const int64_t user_no = find_or_make(IdentityKind::UserId, user_id);
    log_.refused(person(user_no), person(*previous), link, *limit, received);
    return user_no;
  }
  // The new id takes over the profile that is there.
  tie(IdentityKind::UserId, user_id, *previous);
  const std::optional<std::string> before = rename(*previous, received.message);
  log_.named(person(*previous), before, link, received);
  return *previous;
}

/// Of a message with a user id and an anonymous id.
int64_t Directory::resolve_tie(const event::Received& received) {
  const std::string& user_id = *received.message.user_id;
  const Link link{IdentityKind::AnonymousId, *received.message.anonymous_id};
  const std::optional<int64_t> anonymous = find(link.kind, link.value);
  const std::optional<int64_t> user = find(IdentityKind::UserId, user_id);
  if (anonymous && anonymous == user) return *user;
  const bool is_unclaimed = anonymous && !profiles_.at(*anonymous).user_id;
  if (is_unclaimed && !user) {
    // The anonymous profile becomes the user's: nothing needs to move.
    tie(IdentityKind::UserId, user_id, *anonymous);
    (void)rename(*anonymous, received.message);
    log_.named(person(*anonymous), std::nullopt, link, received);
    return *anonymous;
  }
  const int64_t user_no = user ? *user : find_or_make(IdentityKind::UserId, user_id);
  if (is_unclaimed) {
    merge_if_allowed(*anonymous, user_no, link, received);
    return user_no;
  }
  const std::optional<Person> holder = anonymous ? std::optional(person(*anonymous)) : std::nullopt;
  // An alias of an id that nobody had heard of tied it as both kinds: it goes to one person with both.
  const bool is_both = holder && holder->user_id != link.value &&
                       find(IdentityKind::UserId, link.value) == std::optional(holder->user_no);
  if (const auto limit = limit_against(user_no, {is_both ? 1 : 0, 1})) {
    log_.refused(person(user_no), holder, link, *limit, received);
    return user_no;
  }
  if (holder) log_.handed_over(person(user_no), *holder, link, received);
  tie(link.kind, link.value, user_no);
  if (is_both) tie(IdentityKind::UserId, link.value, user_no);
  return user_no;
}

int64_t Directory::resolve(const event::Received& received) {
  const event::Message& message = received.message;
  int64_t user_no = 0;
  if (message.kind == event::MessageKind::Alias) {
    user_no = resolve_alias(received);
  } else if (!message.user_id) {
    user_no = find_or_make(IdentityKind::AnonymousId, *message.anonymous_id);
  } else if (!message.anonymous_id) {
    user_no = find_or_make(IdentityKind::UserId, *message.user_id);
  } else {
    user_no = resolve_tie(received);
  }
  Profile& profile = profiles_.at(user_no);
  if (message.time < profile.first_seen || message.time > profile.last_seen) profile.has_changed = true;
  profile.first_seen = std::min(profile.first_seen, message.time);
  profile.last_seen = std::max(profile.last_seen, message.time);
  if (message.kind == event::MessageKind::Identify &&
      set_traits(profile.traits, profile.trait_times, message.traits, message.time, profile.changed_traits))
    profile.have_traits_changed = true;
  return user_no;
}

std::optional<int64_t> find_user(pg::Spi& spi, std::string_view id) {
  static pg::Query query("SELECT user_no FROM cdp.identity WHERE value = $1 ORDER BY kind DESC LIMIT 1");
  const pg::Rows rows = query(spi, id);
  if (rows.empty()) return std::nullopt;
  return rows.bigint(0, 0);
}

}  // namespace cdp::profile
