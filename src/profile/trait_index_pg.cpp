#include "pg/guard.hpp"
#include "pg/index_lookup.hpp"
#include "pg/memory.hpp"
#include "pg/ordered_scan.hpp"
#include "pg/spi.hpp"
#include "profile/trait_index.hpp"
#include "profile/trait_writer_pg.hpp"

#include <algorithm>
#include <memory>
#include <optional>

extern "C" {
#include <catalog/namespace.h>
#include <storage/lmgr.h>
#include <utils/lsyscache.h>
}

namespace cdp::profile {

namespace {

/// The columns of cdp.trait_index and of cdp.profile.
enum IndexColumn : uint8_t { kTrait, kNumber, kPath, kStatus, kTexts, kNumbers, kListsNumbers };
enum ProfileColumn : uint8_t { kProfileUser, kProfileUserId, kProfileTraits };

/// Of a user with so many rows no more than this share of a step is read.
constexpr int64_t kMostRowsForUser = 4;

TraitIndex::Status status_of(std::string_view name) {
  if (name == "ready") return TraitIndex::Status::Ready;
  return name == "pending" ? TraitIndex::Status::Pending : TraitIndex::Status::TooManyValues;
}

std::vector<TraitIndex> indexes_that_are(TraitIndex::Status status) {
  std::vector<TraitIndex> indexes = trait_indexes(pg::Sees::WhatIsDone);
  std::erase_if(indexes, [&](const TraitIndex& index) { return index.status != status; });
  return indexes;
}

/// Waits for all who write to cdp.profile, and keeps others from it.
void lock_profiles() {
  pg::guard(
      [] { LockRelationOid(get_relname_relid("profile", get_namespace_oid("cdp", false)), ShareLock); });
}

/// What the indexes get of the users of one chunk, one of all users first.
class ChunkGathering {
 public:
  explicit ChunkGathering(std::vector<TraitWriter>& writers) : writers_(writers), contents_(writers.size()) {}

  void add(const pg::StoredRow& profile) {
    const auto user = static_cast<uint32_t>(profile.bigint(kProfileUser));
    const Datum traits = profile.datum(kProfileTraits);
    for (size_t i = 0; i < writers_.size(); ++i) {
      if (writers_[i].is_of_everyone())
        contents_[i].users[0].push_back(user);
      else if (!writers_[i].is_given_up())
        contents_[i].add(user, pg::json_at(traits, writers_[i].index().path), writers_[i].values());
    }
  }

  /// Writes them in the place of what there was of `touched`.
  void write(pg::Spi& spi, int64_t chunk, const bitmap::Bitmap& touched) {
    for (size_t i = 0; i < writers_.size(); ++i) {
      writers_[i].put(spi, chunk, touched, std::move(contents_[i]));
      contents_[i] = {};
    }
  }

 private:
  std::vector<TraitWriter>& writers_;
  std::vector<TraitChunk> contents_;
};

void write_all_profiles(pg::Spi& spi, std::vector<TraitWriter>& writers) {
  ChunkGathering gathering(writers);
  pg::OrderedScan profiles("cdp", "profile", "profile_pkey", pg::Sees::WhatIsDone, kProfileTraits + 1);
  profiles.seek(INT64_MIN, INT64_MAX);
  pg::Arena arena("cdp profiles");
  int64_t chunk = 0;
  uint64_t read = 0;
  while (const auto profile = profiles.next()) {
    const int64_t next_chunk = profile->bigint(kProfileUser) / kUsersPerTraitChunk;
    if (next_chunk != chunk) gathering.write(spi, std::exchange(chunk, next_chunk), {});
    if (++read % 256 == 0) arena.reset();
    const pg::InContext in_arena(arena.context());
    gathering.add(*profile);
  }
  gathering.write(spi, chunk, {});
}

/// Writes what is left of all of them, and their states at once: nothing is pending when that is seen.
void finish(pg::Spi& spi, std::vector<TraitWriter>& writers, bool is_build) {
  std::vector<int64_t> done;
  std::vector<int64_t> given_up;
  for (TraitWriter& writer : writers) {
    writer.finish(spi);
    if (writer.is_given_up())
      given_up.push_back(writer.index().number);
    else if (is_build && !writer.is_of_everyone())
      done.push_back(writer.index().number);
  }
  static pg::Query update(
      "UPDATE cdp.trait_index AS i SET status = CASE WHEN is_built THEN 'ready' ELSE 'too_many_values' END,"
      " built_at = CASE WHEN is_built THEN clock_timestamp() ELSE built_at END,"
      " texts = CASE WHEN is_built THEN texts ELSE 0 END, numbers = CASE WHEN is_built THEN numbers ELSE 0 "
      "END"
      " FROM (SELECT index_no, true AS is_built FROM unnest($1::bigint[]) AS index_no"
      "       UNION ALL SELECT index_no, false FROM unnest($2::bigint[]) AS index_no) AS f"
      " WHERE i.index_no = f.index_no");
  if (!done.empty() || !given_up.empty()) (void)update(spi, done, given_up);
}

/// Changed users of a chunk, ascending, and where the rows lie that say so.
struct Changed {
  std::vector<int64_t> users;
  std::vector<uint64_t> places;
};

Changed changed_in(int64_t chunk, int64_t most_users) {
  Changed changed;
  pg::IndexLookup rows("cdp", "changed_profile", "changed_profile_user_no");
  rows.seek_up(chunk * kUsersPerTraitChunk);
  while (const auto row = rows.next()) {
    const int64_t user_no = row->bigint(0);
    if (user_no / kUsersPerTraitChunk != chunk) break;
    if (changed.users.empty() || changed.users.back() != user_no) {
      if (static_cast<int64_t>(changed.users.size()) >= most_users) break;
      changed.users.push_back(user_no);
    }
    // A row that is left makes the user be folded once more.
    if (static_cast<int64_t>(changed.places.size()) / kMostRowsForUser >= most_users) break;
    changed.places.push_back(row->place());
  }
  return changed;
}

int64_t fold_chunk(pg::Spi& spi, int64_t chunk, int64_t most_users) {
  // Before the profiles are read: what is committed in between leaves a row that is not among these.
  const Changed changed = changed_in(chunk, most_users);
  if (changed.users.empty()) return 0;
  static pg::Query remove("DELETE FROM cdp.changed_profile WHERE ctid = ANY($1::text::tid[])");
  (void)remove(spi, pg::tids_text(changed.places));
  const std::vector<TraitIndex> indexes = indexes_that_are(TraitIndex::Status::Ready);
  if (indexes.empty()) return static_cast<int64_t>(changed.users.size());
  std::vector<TraitWriter> writers{TraitWriter::of_everyone()};
  for (const TraitIndex& index : indexes) writers.push_back(TraitWriter::of_stored(spi, index));
  ChunkGathering gathering(writers);
  bitmap::Bitmap touched;
  {
    pg::IndexLookup profiles("cdp", "profile", "profile_pkey");
    pg::Arena arena("cdp profiles");
    for (const int64_t user_no : changed.users) {
      touched.add(static_cast<uint32_t>(user_no));
      arena.reset();
      const pg::InContext in_arena(arena.context());
      profiles.find([&](const pg::StoredRow& profile) { gathering.add(profile); }, user_no);
    }
  }
  gathering.write(spi, chunk, touched);
  finish(spi, writers, false);
  return static_cast<int64_t>(changed.users.size());
}

}  // namespace

std::vector<TraitIndex> trait_indexes(pg::Sees sees) {
  std::vector<TraitIndex> indexes;
  pg::IndexLookup rows("cdp", "trait_index", "trait_index_index_no_key", sees);
  rows.seek_up(INT64_MIN);
  while (const auto row = rows.next()) {
    TraitIndex index;
    index.number = row->bigint(kNumber);
    index.trait = row->text(kTrait);
    for (std::optional<std::string>& name : pg::texts_of(row->datum(kPath)))
      index.path.push_back(std::move(name).value_or(""));
    index.status = status_of(row->text(kStatus));
    index.lists_numbers = row->boolean(kListsNumbers);
    indexes.push_back(std::move(index));
  }
  return indexes;
}

void build_pending_trait_indexes(pg::Spi& spi, bool is_asked) {
  if (indexes_that_are(TraitIndex::Status::Pending).empty()) return;
  lock_profiles();
  std::vector<TraitWriter> writers;
  if (indexes_that_are(TraitIndex::Status::Ready).empty()) {
    empty_trait_indexes(spi);
    writers.push_back(TraitWriter::of_everyone());
  }
  for (const TraitIndex& index : indexes_that_are(TraitIndex::Status::Pending))
    writers.push_back(TraitWriter::of_new(spi, index, is_asked));
  write_all_profiles(spi, writers);
  finish(spi, writers, true);
}

std::optional<Folded> fold_changed_profiles(pg::Spi& spi, int64_t first_chunk, int64_t most_users) {
  int64_t chunk = 0;
  {
    pg::IndexLookup rows("cdp", "changed_profile", "changed_profile_user_no");
    rows.seek_up(first_chunk * kUsersPerTraitChunk);
    const auto row = rows.next();
    if (!row) return std::nullopt;
    chunk = row->bigint(0) / kUsersPerTraitChunk;
  }
  const int64_t users = fold_chunk(spi, chunk, most_users);
  return Folded{users, users < most_users ? chunk + 1 : chunk};
}

void fold_changed_profiles_of(pg::Spi& spi, const std::vector<int64_t>& users) {
  for (const int64_t user_no : users)
    while (fold_chunk(spi, user_no / kUsersPerTraitChunk, kUsersPerTraitChunk) > 0) {
    }
}

int64_t count_changed_profiles(int64_t most) {
  int64_t count = 0;
  pg::IndexLookup rows("cdp", "changed_profile", "changed_profile_user_no");
  rows.seek_up(int64_t{0});
  while (count < most && rows.next()) ++count;
  return count;
}

void remove_dropped_trait_indexes(pg::Spi& spi) {
  static pg::Query remove_values(
      "DELETE FROM cdp.trait_value WHERE index_no NOT IN (SELECT index_no FROM cdp.trait_index)");
  static pg::Query remove_chunks(
      "DELETE FROM cdp.trait_chunk WHERE index_no <> 0"
      " AND index_no NOT IN (SELECT index_no FROM cdp.trait_index)");
  static pg::Query remove_numbers(
      "DELETE FROM cdp.trait_number WHERE index_no NOT IN (SELECT index_no FROM cdp.trait_index)");
  (void)remove_values(spi);
  (void)remove_chunks(spi);
  (void)remove_numbers(spi);
  if (indexes_that_are(TraitIndex::Status::Ready).empty()) empty_trait_indexes(spi);
}

void empty_trait_indexes(pg::Spi& spi) {
  static pg::Query remove_values("DELETE FROM cdp.trait_value");
  static pg::Query remove_chunks("DELETE FROM cdp.trait_chunk");
  static pg::Query remove_numbers("DELETE FROM cdp.trait_number");
  static pg::Query remove_changed("DELETE FROM cdp.changed_profile");
  (void)remove_values(spi);
  (void)remove_chunks(spi);
  (void)remove_numbers(spi);
  (void)remove_changed(spi);
}

}  // namespace cdp::profile
