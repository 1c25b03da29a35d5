#pragma once

#include "pg/server.hpp"

#include "bitmap/expanded_pg.hpp"
#include "bitmap/frozen.hpp"
#include "bitmap/stored.hpp"
#include "pg/datum.hpp"

#include <algorithm>
#include <optional>

/// Questions to one set in an SQL value of whatever form, answered from as little of it as they need.
namespace cdp::bitmap {

/// The parts of a value that lies out of its row and is not compressed.
class PieceSource : public ByteSource {
 public:
  /// Whether a value is of that kind, and large enough to be read in pieces.
  static bool fits(Datum value);

  explicit PieceSource(Datum value);

  size_t size() const override { return size_; }
  ByteView read(size_t offset, size_t length) override;

 private:
  Datum value_;
  size_t size_;
};

// What a bitmap in memory answers, by the names of the functions for bytes and pieces.
inline bool contains(const Bitmap& set, uint32_t element) { return set.contains(element); }
inline uint64_t cardinality(const Bitmap& set) { return set.cardinality(); }
inline bool is_empty(const Bitmap& set) { return set.is_empty(); }
inline std::optional<uint32_t> min(const Bitmap& set) { return set.min(); }
inline std::optional<uint32_t> max(const Bitmap& set) { return set.max(); }
inline uint64_t rank(const Bitmap& set, uint32_t element) { return set.rank(element); }

/// `question(set)`, where the set is a const Bitmap&, a ByteSource& or a ByteView.
template <class Question>
auto ask(Datum value, Question question) {
  if (Versioned* expanded = expanded_bitmap(value)) return question(expanded->read());
  if (PieceSource::fits(value)) {
    PieceSource source(value);
    return question(static_cast<ByteSource&>(source));
  }
  return question(pg::bytes_of(value));
}

}  // namespace cdp::bitmap
