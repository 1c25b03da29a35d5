#pragma once

#include "pg/server.hpp"

#include "base/json.hpp"
#include "base/time.hpp"
#include "pg/datum.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace cdp::pg {

/// A value of a row in the making.
struct Field {
  Datum value = 0;
  bool is_null = true;
};

/// The bytes of a value of a type of any length, without its length word.
struct Bytes {
  std::string_view bytes;
};

/// New fields in the current memory context.
inline Field to_field(bool value) { return {BoolGetDatum(value), false}; }
inline Field to_field(int16_t value) { return {Int16GetDatum(value), false}; }
inline Field to_field(int32_t value) { return {Int32GetDatum(value), false}; }
inline Field to_field(int64_t value) { return {Int64GetDatum(value), false}; }
inline Field to_field(Instant value) { return {to_datum(value), false}; }
inline Field to_field(std::string_view value) { return {to_text(value), false}; }
inline Field to_field(const std::string& value) { return to_field(std::string_view(value)); }
inline Field to_field(Bytes value) { return {to_varlena(value.bytes), false}; }
inline Field to_field(const Json& value) { return {to_jsonb(value), false}; }  ///< jsonb
template <class T>
Field to_field(const std::optional<T>& value) {
  return value ? to_field(*value) : Field{};
}

}  // namespace cdp::pg
