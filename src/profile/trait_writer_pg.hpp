#pragma once

#include "bitmap/bitmap.hpp"
#include "profile/trait_index.hpp"
#include "profile/trait_values.hpp"

#include <cstdint>

namespace cdp::profile {

/// What cdp.trait_number.others says, ascending by user.
std::vector<UserNumber> user_numbers_of(const Json& others);

/// Writes the bitmaps of one index, chunk by chunk. Nothing is left half done if one of put() and finish is
/// called after the other.
class TraitWriter {
 public:
  /// The set of all users, which is kept as an index without values.
  static TraitWriter of_everyone();
  /// An index to be built; what it had is removed.
  static TraitWriter of_new(pg::Spi& spi, const TraitIndex& index, bool is_asked);
  /// An index that is ready.
  static TraitWriter of_stored(pg::Spi& spi, const TraitIndex& index);

  const TraitIndex& index() const { return index_; }
  TraitValues& values() { return values_; }
  bool is_of_everyone() const { return index_.number == 0; }
  /// It turned out to have too many values, and takes no more.
  bool is_given_up() const { return is_given_up_; }

  /// Takes the users `touched` out of a chunk and adds its new contents. Throws Error(Limit) for too many
  /// values of an index that someone asks for.
  void put(pg::Spi& spi, int64_t chunk, const bitmap::Bitmap& touched, TraitChunk contents);

  /// Writes the values, and counts of them into cdp.trait_index.
  void finish(pg::Spi& spi);

 private:
  TraitWriter(TraitIndex index, bool lists_numbers, bool is_asked)
      : index_(std::move(index)), values_(lists_numbers), is_asked_(is_asked) {}

  void put_users(pg::Spi& spi, int64_t chunk, const bitmap::Bitmap& touched, TraitChunk& contents);
  void put_numbers(pg::Spi& spi, int64_t chunk, const bitmap::Bitmap& touched, const TraitChunk& contents);
  void count_chunks(int64_t value_no, int64_t more);
  void keep_limits(pg::Spi& spi);
  void write_values(pg::Spi& spi);

  TraitIndex index_;
  TraitValues values_;
  bool is_asked_;
  bool is_given_up_ = false;
};

}  // namespace cdp::profile
