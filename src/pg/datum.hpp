#pragma once

#include "pg/server.hpp"

#include "base/bytes.hpp"
#include "base/json.hpp"
#include "base/time.hpp"

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

struct ReturnSetInfo;

namespace cdp::pg {

/// The arguments of an SQL function. Views into detoasted values live as long as the call's memory context.
class Arguments {
 public:
  explicit Arguments(FunctionCallInfo fcinfo) : fcinfo_(fcinfo) {}

  int count() const { return fcinfo_->nargs; }
  bool is_null(int i) const { return fcinfo_->args[i].isnull; }
  Datum datum(int i) const { return fcinfo_->args[i].value; }
  bool boolean(int i) const { return DatumGetBool(datum(i)); }
  int32_t integer(int i) const { return DatumGetInt32(datum(i)); }
  int64_t bigint(int i) const { return DatumGetInt64(datum(i)); }
  double floating(int i) const { return DatumGetFloat8(datum(i)); }
  Instant instant(int i) const { return {DatumGetTimestampTz(datum(i))}; }
  std::string_view cstring(int i) const { return DatumGetCString(datum(i)); }
  std::string_view text(int i) const;
  ByteView bytes(int i) const;  ///< of any varlena, without its header
  Json jsonb(int i) const;

  std::optional<std::string_view> optional_text(int i) const;

 private:
  FunctionCallInfo fcinfo_;
};

/// Views of a varlena's bytes, detoasted in the current memory context where needed.
ByteView bytes_of(Datum varlena);
std::string_view text_of(Datum text);

/// New datums in the current memory context.
Datum to_text(std::string_view text);
Datum to_varlena(ByteView bytes);
inline Datum to_varlena(std::string_view bytes) { return to_varlena(bytes_in(bytes)); }
Datum to_cstring(std::string_view text);
inline Datum to_datum(Instant t) { return TimestampTzGetDatum(t.us); }

/// The elements of a bigint[] or integer[], nulls left out; and back.
std::vector<int64_t> bigints_of(Datum array);
std::vector<int32_t> integers_of(Datum array);
Datum to_array(const std::vector<int32_t>& integers);
/// The elements of a text[]; nullopt for null.
std::vector<std::optional<std::string>> texts_of(Datum array);

/// jsonb to the core's JSON and back. Numbers stay exact.
Json json_of(Datum jsonb);
/// The value that member names (and array indexes) lead to; JSON null if there is none. Reads no more than
/// that.
Json json_at(Datum jsonb, std::span<const std::string> path);
Datum to_jsonb(const Json& value);
Datum to_jsonb(std::string_view json_text);

/// SQL null as a function's result.
inline Datum null_result(FunctionCallInfo fcinfo) {
  fcinfo->isnull = true;
  return 0;
}

/// Length in microseconds of an interval without months; days count 24 hours. Throws Error(BadValue) for
/// months, since they have no fixed length; `what` names the argument.
Micros micros_of(const Interval* interval, const char* what);

/// Collects the rows of a set-returning function (materialize mode).
class RowSink {
 public:
  explicit RowSink(FunctionCallInfo fcinfo);

  /// Adds a row; a nullopt is null. As many values as the function has columns.
  void add(std::span<const std::optional<Datum>> values);
  void add(std::initializer_list<std::optional<Datum>> values) {
    add(std::span(values.begin(), values.size()));
  }

 private:
  ::ReturnSetInfo* result_;
};

}  // namespace cdp::pg
