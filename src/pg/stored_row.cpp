#include "pg/stored_row.hpp"

#include "base/error.hpp"
#include "pg/guard.hpp"

namespace cdp::pg {

std::string tid_text(uint64_t place) {
  return "(" + std::to_string(place >> 16) + "," + std::to_string(place & 0xffff) + ")";
}

std::string tids_text(const std::vector<uint64_t>& places) {
  std::string text = "{";
  for (const uint64_t place : places) text += (text.size() > 1 ? ",\"" : "\"") + tid_text(place) + '"';
  return text + "}";
}

uint32_t StoredRow::written_by() const {
  bool is_null = false;
  return DatumGetTransactionId(
      guard([&] { return slot_getsysattr(slot_, MinTransactionIdAttributeNumber, &is_null); }));
}

void StoredRow::unpack(int column) const {
  guard([&] { slot_getsomeattrs(slot_, column + 1); });
}

void StoredRow::fail_null(int column) {
  throw Error(Category::Internal, "unexpected null in column " + std::to_string(column) + " of a table");
}

}  // namespace cdp::pg
