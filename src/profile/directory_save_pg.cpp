/// What a batch changed of the people, written.

#include "base/interrupt.hpp"
#include "pg/bulk_insert.hpp"
#include "pg/row_update.hpp"
#include "pg/spi.hpp"
#include "profile/directory.hpp"

#include <algorithm>

namespace cdp::profile {

void Directory::save_profiles() {
  std::vector<const Profile*> ordered;
  for (const auto& [user_no, profile] : profiles_)
    if (profile.is_new || profile.has_changed || profile.have_traits_changed) ordered.push_back(&profile);
  std::sort(ordered.begin(), ordered.end(),
            [](const Profile* a, const Profile* b) { return a->user_no < b->user_no; });
  std::optional<pg::BulkInsert> inserts;
  std::optional<pg::RowUpdate> updates;
  for (const Profile* profile : ordered) {
    if (profile->is_new) {
      if (!inserts) inserts.emplace("cdp", "profile");
      inserts->add(profile->user_no, profile->user_id, profile->traits, profile->trait_times,
                   profile->first_seen, profile->last_seen);
      continue;
    }
    if (!updates) updates.emplace("cdp", "profile");
    if (profile->have_traits_changed) {
      updates->update(profile->place, pg::Set{1, profile->user_id}, pg::Set{2, profile->traits},
                      pg::Set{3, profile->trait_times}, pg::Set{4, profile->first_seen},
                      pg::Set{5, profile->last_seen});
    } else {
      updates->update(profile->place, pg::Set{1, profile->user_id}, pg::Set{4, profile->first_seen},
                      pg::Set{5, profile->last_seen});
    }
  }
  if (inserts) inserts->finish();
  if (updates) updates->finish();
  if (has_counted_) {
    static pg::Query count(
        "INSERT INTO cdp.user_counter (last_user_no) VALUES ($1)"
        " ON CONFLICT (is_single) DO UPDATE SET last_user_no = excluded.last_user_no");
    (void)count(spi_, *last_user_no_);
  }
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
  std::optional<pg::BulkInsert> inserts;
  std::optional<pg::RowUpdate> updates;
  for (const auto& [value, kind, identity] : ordered) {
    const int64_t user_no = current(identity->user_no);
    if (identity->place == 0) {
      if (!inserts) inserts.emplace("cdp", "identity");
      inserts->add(std::string_view(name_of(kind)), value, user_no);
    } else {
      if (!updates) updates.emplace("cdp", "identity");
      updates->update(identity->place, pg::Set{2, user_no});
    }
  }
  if (inserts) inserts->finish();
  if (updates) updates->finish();
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
