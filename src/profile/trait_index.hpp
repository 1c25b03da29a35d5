#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace cdp::pg {
enum class Sees : uint8_t;
class Spi;
}  // namespace cdp::pg

/// Bitmaps of users by the values of a trait (cdp.trait_index). An index is right for all users but those in
/// cdp.changed_profile, whose profiles have to be read.
namespace cdp::profile {

/// A row of cdp.trait_index.
struct TraitIndex {
  enum class Status : uint8_t { Pending, Ready, TooManyValues };

  int64_t number = 0;
  std::string trait;              ///< as rules write it
  std::vector<std::string> path;  ///< the names that lead to the value, at least one
  Status status = Status::Pending;
  bool lists_numbers = true;  ///< have its numbers bitmaps of their own?
};

/// All indexes, in the order of their numbers.
std::vector<TraitIndex> trait_indexes(pg::Sees sees);

/// Builds the indexes that are pending from all profiles, in one pass. Waits for those who write to
/// cdp.profile, and keeps them out until the transaction ends. A trait with too many values throws
/// Error(Limit) if `is_asked`, else its status says so. Requires the process lock, and a transaction without
/// an old snapshot, like all that follows.
void build_pending_trait_indexes(pg::Spi& spi, bool is_asked);

/// What a step of folding did.
struct Folded {
  int64_t users = 0;
  int64_t next_chunk = 0;  ///< where the next step is to begin
};

/// Folds the changes of at most `most_users` users, of one chunk of 65,536, into the indexes: the first one
/// from `first_chunk` on that has any; nullopt if none has.
std::optional<Folded> fold_changed_profiles(pg::Spi& spi, int64_t first_chunk, int64_t most_users);

/// Folds all changes that concern the chunks of these users.
void fold_changed_profiles_of(pg::Spi& spi, const std::vector<int64_t>& users);

/// How many rows of cdp.changed_profile there are, if fewer than `most`; else `most`.
int64_t count_changed_profiles(int64_t most);

/// Removes what belongs to no row of cdp.trait_index.
void remove_dropped_trait_indexes(pg::Spi& spi);

/// Makes all indexes those of no users.
void empty_trait_indexes(pg::Spi& spi);

}  // namespace cdp::profile
