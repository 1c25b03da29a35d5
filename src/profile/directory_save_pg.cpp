/// What a batch changed of the people, written.

#include "base/interrupt.hpp"
#include "pg/spi.hpp"
#include "profile/directory.hpp"

namespace cdp::profile {

void Directory::save_profiles() {
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
  if (has_counted_) {
    static pg::Query count(
        "INSERT INTO cdp.user_counter (last_user_no) VALUES ($1)"
        " ON CONFLICT (is_single) DO UPDATE SET last_user_no = excluded.last_user_no");
    (void)count(spi_, *last_user_no_);
  }
}

void Directory::save_identities() {
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
    check_interrupts();
    static pg::Query hand_over("UPDATE cdp.identity SET user_no = $2 WHERE user_no = $1");
    static pg::Query remove("DELETE FROM cdp.profile WHERE user_no = $1");
    (void)hand_over(spi_, merged.loser, current(merged.winner));
    (void)remove(spi_, merged.loser);
  }
}

void Directory::save(Instant now) {
  save_profiles();
  save_identities();
  log_.store(spi_, now);
}

}  // namespace cdp::profile
