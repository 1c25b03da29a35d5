/// Ranges of the elements of a Bitmap64.

#include "bitmap/bitmap64.hpp"

#include <algorithm>

namespace cdp::bitmap {

namespace {

/// The bytes of a part that has all numbers: 65536 containers of one run.
constexpr uint64_t kFullPartBytes = 4 + 65536 / 8 + 65536 * (4 + 4 + 6);
/// More of them than this are larger than any value of a server.
constexpr uint64_t kMostFullParts = 0x3fffffff / kFullPartBytes;

/// What of a part a range has: from `begin` up to `end`, which is not included.
struct Piece {
  uint64_t begin;
  uint64_t end;
  bool is_whole() const { return begin == 0 && end == Bitmap::kNumbers; }
};

Piece piece_of(uint32_t high, uint64_t first, uint64_t last) {
  return {high == first >> 32 ? first & UINT32_MAX : 0,
          high == last >> 32 ? (last & UINT32_MAX) + 1 : Bitmap::kNumbers};
}

Bitmap filled(Piece piece) {
  Bitmap set;
  set.fill(piece.begin, piece.end);
  return set;
}

/// Says that a range has too many numbers.
void check_parts(uint64_t parts) {
  if (parts <= kMostFullParts) return;
  throw Error(Category::Limit, "range has too many numbers for a roaringbitmap64",
              "The set would be larger than 1 GB.",
              "About " + std::to_string(kMostFullParts) + " times 2^32 numbers in a row are possible.");
}

/// A part that has all numbers, made once and shared.
class Full {
 public:
  const Versioned& get() {
    if (!full_) full_.emplace(filled({0, Bitmap::kNumbers}));
    return *full_;
  }

 private:
  std::optional<Versioned> full_;
};

}  // namespace

void Bitmap64::fill(uint64_t first, uint64_t last) {
  if (first > last) return;
  const auto low_end = static_cast<uint32_t>(first >> 32);
  const auto high_end = static_cast<uint32_t>(last >> 32);
  check_parts(uint64_t{high_end} - low_end + 1);
  Full full;
  size_t old = index_of(low_end);
  std::vector<Part> parts(parts_.begin(), parts_.begin() + static_cast<ptrdiff_t>(old));
  for (uint64_t high = low_end; high <= high_end; ++high) {
    const bool is_there = old < parts_.size() && parts_[old].high == high;
    const Piece piece = piece_of(static_cast<uint32_t>(high), first, last);
    if (piece.is_whole()) {
      parts.push_back({static_cast<uint32_t>(high), full.get()});
    } else if (is_there) {
      parts.push_back(parts_[old]);
      parts.back().set.write().fill(piece.begin, piece.end);
    } else {
      parts.push_back({static_cast<uint32_t>(high), Versioned(filled(piece))});
    }
    if (is_there) ++old;
  }
  parts.insert(parts.end(), parts_.begin() + static_cast<ptrdiff_t>(old), parts_.end());
  parts_ = std::move(parts);
}

void Bitmap64::flip(uint64_t first, uint64_t last) {
  if (first > last) return;
  const auto low_end = static_cast<uint32_t>(first >> 32);
  const auto high_end = static_cast<uint32_t>(last >> 32);
  size_t old = index_of(low_end);
  uint64_t full_parts = 0;
  for (size_t i = old; i < parts_.size() && parts_[i].high <= high_end; ++i)
    if (parts_[i].set.read().cardinality() == Bitmap::kNumbers) ++full_parts;
  check_parts(uint64_t{high_end} - low_end + 1 - full_parts);
  Full full;
  std::vector<Part> parts(parts_.begin(), parts_.begin() + static_cast<ptrdiff_t>(old));
  for (uint64_t high = low_end; high <= high_end; ++high) {
    const Piece piece = piece_of(static_cast<uint32_t>(high), first, last);
    if (old < parts_.size() && parts_[old].high == high) {
      Part part = parts_[old++];
      part.set.write().flip(piece.begin, piece.end);
      if (!part.set.read().is_empty()) parts.push_back(std::move(part));
    } else if (piece.is_whole()) {
      parts.push_back({static_cast<uint32_t>(high), full.get()});
    } else {
      parts.push_back({static_cast<uint32_t>(high), Versioned(filled(piece))});
    }
  }
  parts.insert(parts.end(), parts_.begin() + static_cast<ptrdiff_t>(old), parts_.end());
  parts_ = std::move(parts);
}

void Bitmap64::clear(uint64_t first, uint64_t last) {
  if (first > last) return;
  InterruptTicker ticker;
  for (size_t i = index_of(static_cast<uint32_t>(first >> 32)); i < parts_.size(); ++i) {
    ticker.tick();
    if (parts_[i].high > last >> 32) break;
    const Piece piece = piece_of(parts_[i].high, first, last);
    if (piece.is_whole()) {
      parts_[i].set = Versioned(Bitmap());
    } else {
      parts_[i].set.write().clear(piece.begin, piece.end);
    }
  }
  std::erase_if(parts_, [](const Part& part) { return part.set.read().is_empty(); });
}

Bitmap64 Bitmap64::within(uint64_t first, uint64_t last) const {
  Bitmap64 set;
  if (first > last) return set;
  InterruptTicker ticker;
  for (size_t i = index_of(static_cast<uint32_t>(first >> 32)); i < parts_.size(); ++i) {
    ticker.tick();
    if (parts_[i].high > last >> 32) break;
    const Piece piece = piece_of(parts_[i].high, first, last);
    if (piece.is_whole()) {
      set.parts_.push_back(parts_[i]);
      continue;
    }
    Bitmap inside = parts_[i].set.read().within(piece.begin, piece.end);
    if (!inside.is_empty()) set.parts_.push_back({parts_[i].high, Versioned(std::move(inside))});
  }
  return set;
}

Bitmap64 Bitmap64::shifted(int64_t distance) const {
  const int64_t high_step = distance >> 32;
  const int64_t low_step = distance & UINT32_MAX;
  Bitmap64 set;
  // Adds a piece, which may share its upper half with the one before.
  const auto take = [&](int64_t high, Bitmap piece) {
    if (high < 0 || high > int64_t{UINT32_MAX} || piece.is_empty()) return;
    if (!set.parts_.empty() && set.parts_.back().high == high) {
      set.parts_.back().set.write() |= piece;
    } else {
      set.parts_.push_back({static_cast<uint32_t>(high), Versioned(std::move(piece))});
    }
  };
  for (const Part& part : parts_) {
    check_interrupts();
    const int64_t high = int64_t{part.high} + high_step;
    take(high, part.set.read().shifted(low_step));
    if (low_step != 0)
      take(high + 1, part.set.read().shifted(low_step - static_cast<int64_t>(Bitmap::kNumbers)));
  }
  return set;
}

}  // namespace cdp::bitmap
