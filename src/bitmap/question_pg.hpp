#pragma once

#include "pg/server.hpp"

#include "bitmap/expanded_pg.hpp"
#include "bitmap/frozen.hpp"
#include "bitmap/stored.hpp"
#include "bitmap/stored64.hpp"
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

/// A value that has been read as a whole.
class WholeSource : public ByteSource {
 public:
  explicit WholeSource(ByteView bytes) : bytes_(bytes) {}

  size_t size() const override { return bytes_.size(); }
  ByteView read(size_t offset, size_t length) override { return bytes_.subspan(offset, length); }

 private:
  ByteView bytes_;
};

// What a bitmap in memory answers, by the names of the functions for bytes and pieces.
inline bool contains(const Bitmap& set, uint32_t element) { return set.contains(element); }
inline uint64_t cardinality(const Bitmap& set) { return set.cardinality(); }
inline bool is_empty(const Bitmap& set) { return set.is_empty(); }
inline std::optional<uint32_t> min(const Bitmap& set) { return set.min(); }
inline std::optional<uint32_t> max(const Bitmap& set) { return set.max(); }
inline uint64_t rank(const Bitmap& set, uint32_t element) { return set.rank(element); }
inline std::optional<uint32_t> nth(const Bitmap& set, uint64_t index) { return set.nth(index); }

inline bool contains64(const Bitmap64& set, uint64_t element) { return set.contains(element); }
inline uint64_t cardinality64(const Bitmap64& set) { return set.cardinality(); }
inline bool is_empty64(const Bitmap64& set) { return set.is_empty(); }
inline std::optional<uint64_t> min64(const Bitmap64& set) { return set.min(); }
inline std::optional<uint64_t> max64(const Bitmap64& set) { return set.max(); }
inline uint64_t rank64(const Bitmap64& set, uint64_t element) { return set.rank(element); }
inline std::optional<uint64_t> nth64(const Bitmap64& set, uint64_t index) { return set.nth(index); }

/// The questions to a value of a kind, in whatever form it is.
template <class Kind>
class Questions;

template <>
class Questions<Kind32> {
  /// `question(set)`, where the set is a const Bitmap&, a ByteSource& or a ByteView.
  template <class Question>
  static auto ask(Datum value, Question question) {
    if (Versioned* expanded = expanded_set<Kind32>(value)) return question(expanded->read());
    if (PieceSource::fits(value)) {
      PieceSource source(value);
      return question(static_cast<ByteSource&>(source));
    }
    return question(pg::bytes_of(value));
  }

 public:
  static bool contains(Datum set, uint32_t element) {
    return ask(set, [&](auto&& form) { return bitmap::contains(form, element); });
  }
  static uint64_t cardinality(Datum set) {
    return ask(set, [](auto&& form) { return bitmap::cardinality(form); });
  }
  static bool is_empty(Datum set) {
    return ask(set, [](auto&& form) { return bitmap::is_empty(form); });
  }
  static std::optional<uint32_t> min(Datum set) {
    return ask(set, [](auto&& form) { return bitmap::min(form); });
  }
  static std::optional<uint32_t> max(Datum set) {
    return ask(set, [](auto&& form) { return bitmap::max(form); });
  }
  static uint64_t rank(Datum set, uint32_t element) {
    return ask(set, [&](auto&& form) { return bitmap::rank(form, element); });
  }
  static std::optional<uint32_t> nth(Datum set, uint64_t index) {
    return ask(set, [&](auto&& form) { return bitmap::nth(form, index); });
  }
};

template <>
class Questions<Kind64> {
  /// `question(set)`, where the set is a const Bitmap64& or a ByteSource&. Of many parts each would cost some
  /// pieces, so that the whole is read sooner.
  template <class Question>
  static auto ask(Datum value, Question question) {
    constexpr uint64_t kMostParts = 8;
    if (const Bitmap64* expanded = expanded_set<Kind64>(value)) return question(*expanded);
    if (PieceSource::fits(value)) {
      PieceSource source(value);
      if (part_count(source) <= kMostParts) return question(static_cast<ByteSource&>(source));
    }
    WholeSource source(pg::bytes_of(value));
    return question(static_cast<ByteSource&>(source));
  }

 public:
  static bool contains(Datum set, uint64_t element) {
    return ask(set, [&](auto&& form) { return contains64(form, element); });
  }
  static uint64_t cardinality(Datum set) {
    return ask(set, [](auto&& form) { return cardinality64(form); });
  }
  static bool is_empty(Datum set) {
    return ask(set, [](auto&& form) { return is_empty64(form); });
  }
  static std::optional<uint64_t> min(Datum set) {
    return ask(set, [](auto&& form) { return min64(form); });
  }
  static std::optional<uint64_t> max(Datum set) {
    return ask(set, [](auto&& form) { return max64(form); });
  }
  static uint64_t rank(Datum set, uint64_t element) {
    return ask(set, [&](auto&& form) { return rank64(form, element); });
  }
  static std::optional<uint64_t> nth(Datum set, uint64_t index) {
    return ask(set, [&](auto&& form) { return nth64(form, index); });
  }
};

}  // namespace cdp::bitmap
