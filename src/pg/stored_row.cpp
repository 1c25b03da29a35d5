#include "pg/stored_row.hpp"

#include "base/error.hpp"
#include "pg/guard.hpp"

namespace cdp::pg {

bool StoredRow::is_null(int column) const {
  return guard([&] { return slot_attisnull(slot_, column + 1); });
}

Datum StoredRow::datum(int column) const {
  bool is_null = false;
  const Datum value = guard([&] { return slot_getattr(slot_, column + 1, &is_null); });
  if (is_null)
    throw Error(Category::Internal, "unexpected null in column " + std::to_string(column) + " of a table");
  return value;
}

}  // namespace cdp::pg
