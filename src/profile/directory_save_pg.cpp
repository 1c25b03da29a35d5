/// What a batch changed of the people, written.

#include "base/interrupt.hpp"
#include "pg/spi.hpp"
#include "pg/table_writer.hpp"
#include "profile/changed_profiles.hpp"
#include "profile/directory.hpp"

#include <algorithm>

namespace cdp::profile {

void Directory::save_profiles() {
  std::vector<const Profile*> ordered;
  for (const auto& [user_no, profile] : profiles_)
    if (profile.is_new || profile.has_changed || profile.have_traits_changed) ordered.push_back(&profile);
  std::sort(ordered.begin(), ordered.end(),
            [](const Profile* a, const Profile* b) { return a->user_no < b->user_no; });
  pg::TableWriter rows("cdp", "profile");
  for (const Profile* profile : ordered) {
    if (profile->is_new) {
      rows.add(profile->user_no, profile->user_id, profile->traits, profile->trait_times, profile->first_seen,
               profile->last_seen);
      continue;
    }
    if (profile->have_traits_changed) {
      rows.update(profile->place, pg::Set{1, profile->user_id}, pg::Set{2, profile->traits},
                  pg::Set{3, profile->trait_times}, pg::Set{4, profile->first_seen},
                  pg::Set{5, profile->last_seen});
    } else {
      rows.update(profile->place, pg::Set{1, profile->user_id}, pg::Set{4, profile->first_seen},
                  pg::Set{5, profile->last_seen});
    }
  }
  rows.finish();
  note_changed(ordered);
  if (has_counted_) {
    static pg::Query count(
        "INSERT INTO cdp.user_counter (last_user_no) VALUES ($1)"
        " ON CONFLICT (is_single) DO UPDATE SET last_user_no = excluded.last_user_no");
    (void)count(spi_, *last_user_no_);
  }
}

void Directory::note_changed(const std::vector<const Profile*>& saved) {
  const WatchedTraits& watched = watched_traits();
  if (watched.empty()) return;
  std::vector<int64_t> users;
  for (const Profile* profile : saved)
    if (profile->is_new || std::any_of(profile->changed_traits.begin(), profile->changed_traits.end(),
                                       [&](const std::string& name) { return watched.contains(name); }))
      users.push_back(profile->user_no);
  note_changed_profiles(users);
}

void Directory::save_identities() {
  struct Untied {
    std::string_view value;
    IdentityKind kind;
    const Identity* identity;
  };
  std::vector<Untied> ordered;
  for (const IdentityKind kind : {IdentityKind::UserId, IdentityKind::AnonymousId})
    for (const auto& [value, identity] : identities_.at(static_cast<size_t>(kind)))
      if (identity.is_untied) ordered.push_back({value, kind, &identity});
  std::sort(ordered.begin(), ordered.end(),
            [](const Untied& a, const Untied& b) { return a.value < b.value; });
  pg::TableWriter rows("cdp", "identity");
  for (const auto& [value, kind, identity] : ordered) {
    const int64_t user_no = current(identity->user_no);
    if (identity->place == 0) {
      rows.add(std::string_view(name_of(kind)), value, user_no);
    } else {
      rows.update(identity->place, pg::Set{2, user_no});
    }
  }
  rows.finish();
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
