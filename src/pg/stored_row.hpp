#pragma once

#include "pg/server.hpp"

#include "base/json.hpp"
#include "base/time.hpp"
#include "pg/datum.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

extern "C" {
#include <executor/tuptable.h>
}

namespace cdp::pg {

/// The server's form of place_of().
inline ItemPointerData pointer_of(uint64_t place) {
  ItemPointerData pointer;
  ItemPointerSet(&pointer, static_cast<BlockNumber>(place >> 16), static_cast<OffsetNumber>(place & 0xffff));
  return pointer;
}

/// Where a row lies: block number, then 16 bits of its item there; good until the row is changed. Never 0.
inline uint64_t place_of(const ItemPointerData& pointer) {
  return static_cast<uint64_t>(ItemPointerGetBlockNumberNoCheck(&pointer)) << 16 |
         ItemPointerGetOffsetNumberNoCheck(&pointer);
}

/// A place as text of a tid; places as that of a tid[].
std::string tid_text(uint64_t place);
std::string tids_text(const std::vector<uint64_t>& places);

/// A row as a scan gives it, valid until the next one. Columns by their place in the table, from 0; those
/// before one that was read cost next to nothing.
class StoredRow {
 public:
  explicit StoredRow(TupleTableSlot* slot)
      : values_(slot->tts_values), nulls_(slot->tts_isnull), slot_(slot) {}
  /// One of which all columns that will be read are unpacked, and where its bytes end.
  StoredRow(const Datum* values, const bool* nulls, uint64_t place, const char* end)
      : values_(values), nulls_(nulls), place_(place), end_(end) {}

  uint64_t place() const { return slot_ != nullptr ? place_of(slot_->tts_tid) : place_; }
  /// The transaction, or subtransaction, that wrote it. For rows of a scan's slot.
  uint32_t written_by() const;
  bool is_null(int column) const {
    if (slot_ != nullptr && column >= slot_->tts_nvalid) unpack(column);
    return nulls_[column];
  }
  bool boolean(int column) const { return DatumGetBool(datum(column)); }
  int32_t integer(int column) const { return DatumGetInt32(datum(column)); }
  int64_t bigint(int column) const { return DatumGetInt64(datum(column)); }
  Instant instant(int column) const { return {DatumGetTimestampTz(datum(column))}; }
  std::string_view text(int column) const { return text_of(datum(column)); }
  Json json(int column) const { return json_of(datum(column)); }
  /// How many bytes of the row lie behind some, which are a column's value; 0 where that is not known.
  size_t bytes_behind(ByteView value) const {
    const auto* value_end = reinterpret_cast<const char*>(value.data() + value.size());
    const bool is_in_row = value_end <= end_ && end_ - value_end < BLCKSZ;
    return is_in_row ? static_cast<size_t>(end_ - value_end) : 0;
  }
  /// Throws Error(Internal) for null.
  Datum datum(int column) const {
    if (is_null(column)) fail_null(column);
    return values_[column];
  }

 private:
  void unpack(int column) const;
  [[noreturn]] static void fail_null(int column);

  const Datum* values_;
  const bool* nulls_;
  TupleTableSlot* slot_ = nullptr;
  uint64_t place_ = 0;
  const char* end_ = nullptr;
};

}  // namespace cdp::pg
