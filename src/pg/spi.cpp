#include "pg/spi.hpp"

#include "base/error.hpp"
#include "pg/guard.hpp"
#include "pg/memory.hpp"

extern "C" {
#include <access/xact.h>
#include <catalog/pg_type.h>
#include <utils/array.h>
#include <utils/date.h>
#include <utils/guc.h>
#include <utils/snapmgr.h>
}

namespace cdp::pg {

namespace {

void require(int result, const char* what) {
  if (result >= 0) return;
  throw Error(Category::Internal, std::string(what) + " failed: " + SPI_result_code_string(result));
}

Bound array_of(const std::vector<Datum>& values, const std::vector<char>& nulls, Oid element) {
  const Oid array_type = element == TEXTOID          ? TEXTARRAYOID
                         : element == INT8OID        ? INT8ARRAYOID
                         : element == INT4OID        ? INT4ARRAYOID
                         : element == FLOAT8OID      ? FLOAT8ARRAYOID
                         : element == TIMESTAMPTZOID ? TIMESTAMPTZARRAYOID
                                                     : BOOLARRAYOID;
  const bool is_text = element == TEXTOID;
  const auto* null_flags = reinterpret_cast<const bool*>(nulls.data());
  static_assert(sizeof(bool) == sizeof(char));
  const Datum array = guard([&] {
    int dimensions[1] = {static_cast<int>(values.size())};
    int lower_bounds[1] = {1};
    const int16 length = is_text ? -1 : element == INT4OID ? 4 : element == BOOLOID ? 1 : 8;
    const char alignment = element == INT4OID || is_text ? TYPALIGN_INT
                           : element == BOOLOID          ? TYPALIGN_CHAR
                                                         : TYPALIGN_DOUBLE;
    return PointerGetDatum(construct_md_array(
        const_cast<Datum*>(values.data()), nulls.empty() ? nullptr : const_cast<bool*>(null_flags), 1,
        dimensions, lower_bounds, element, length, !is_text, alignment));
  });
  return {array_type, array, false};
}

template <class T, class F>
Bound array_from(const std::vector<T>& values, Oid element, F&& to_value) {
  std::vector<Datum> datums;
  datums.reserve(values.size());
  for (const auto& value : values) datums.push_back(to_value(value));
  return array_of(datums, {}, element);
}

template <class T, class F>
Bound array_with_nulls(const std::vector<std::optional<T>>& values, Oid element, F&& to_value) {
  std::vector<Datum> datums;
  std::vector<char> nulls;
  for (const auto& value : values) {
    datums.push_back(value ? to_value(*value) : Datum{0});
    nulls.push_back(value ? 0 : 1);
  }
  return array_of(datums, nulls, element);
}

}  // namespace

Bound bound_value(bool value) { return {BOOLOID, BoolGetDatum(value), false}; }
Bound bound_value(int16_t value) { return {INT2OID, Int16GetDatum(value), false}; }
Bound bound_value(int32_t value) { return {INT4OID, Int32GetDatum(value), false}; }
Bound bound_value(int64_t value) { return {INT8OID, Int64GetDatum(value), false}; }
Bound bound_value(double value) { return {FLOAT8OID, Float8GetDatum(value), false}; }
Bound bound_value(Instant value) { return {TIMESTAMPTZOID, to_datum(value), false}; }
Bound bound_value(std::string_view value) { return {TEXTOID, to_text(value), false}; }
Bound bound_value(JsonText value) {
  return {JSONBOID, value.text.empty() ? Datum{0} : to_jsonb(value.text), value.text.empty()};
}

Bound bound_value(Date value) { return {DATEOID, DateADTGetDatum(value.day), false}; }
Bound bound_value(const std::vector<int64_t>& values) {
  return array_from(values, INT8OID, [](int64_t v) { return Int64GetDatum(v); });
}
Bound bound_value(const std::vector<int32_t>& values) {
  return array_from(values, INT4OID, [](int32_t v) { return Int32GetDatum(v); });
}
Bound bound_value(const std::vector<bool>& values) {
  return array_from(values, BOOLOID, [](bool v) { return BoolGetDatum(v); });
}
Bound bound_value(const std::vector<double>& values) {
  return array_from(values, FLOAT8OID, [](double v) { return Float8GetDatum(v); });
}
Bound bound_value(const std::vector<Instant>& values) {
  return array_from(values, TIMESTAMPTZOID, [](Instant v) { return to_datum(v); });
}
Bound bound_value(const std::vector<std::string>& values) {
  return array_from(values, TEXTOID, [](const std::string& v) { return to_text(v); });
}
Bound bound_value(const std::vector<std::optional<std::string>>& values) {
  return array_with_nulls(values, TEXTOID, [](const std::string& v) { return to_text(v); });
}
Bound bound_value(const std::vector<std::optional<int64_t>>& values) {
  return array_with_nulls(values, INT8OID, [](int64_t v) { return Int64GetDatum(v); });
}

Spi::Spi(Mode mode) : mode_(mode) {
  require(guard([] { return SPI_connect(); }), "SPI_connect");
  guc_level_ = guard([] {
    const int level = NewGUCNestLevel();
    (void)set_config_option("search_path", "pg_catalog, pg_temp", PGC_USERSET, PGC_S_SESSION, GUC_ACTION_SAVE,
                            true, 0, false);
    return level;
  });
}

Spi::~Spi() {
  AtEOXact_GUC(true, guc_level_);
  SPI_finish();
}

LatestSnapshot::LatestSnapshot() {
  // Processes that work together keep to what they began with, which they were given as the latest.
  guard([] { PushActiveSnapshot(IsInParallelMode() ? GetActiveSnapshot() : GetLatestSnapshot()); });
}

LatestSnapshot::~LatestSnapshot() { PopActiveSnapshot(); }

bool Rows::is_null(uint64_t row, int column) const {
  bool is_null = false;
  (void)SPI_getbinval(table_->vals[row], table_->tupdesc, column + 1, &is_null);
  return is_null;
}

Datum Rows::datum(uint64_t row, int column) const {
  bool is_null = false;
  const Datum value = SPI_getbinval(table_->vals[row], table_->tupdesc, column + 1, &is_null);
  if (is_null)
    throw Error(Category::Internal, "unexpected null in column " + std::to_string(column) + " of a result");
  return value;
}

std::optional<std::string> Rows::as_text(uint64_t row, int column) const {
  char* text = guard([&] { return SPI_getvalue(table_->vals[row], table_->tupdesc, column + 1); });
  if (text == nullptr) return std::nullopt;
  std::string result(text);
  pfree(text);
  return result;
}

std::vector<int64_t> Rows::bigints(uint64_t row, int column) const { return bigints_of(datum(row, column)); }

std::vector<int32_t> Rows::integers(uint64_t row, int column) const {
  return integers_of(datum(row, column));
}

namespace {

/// Calls SPI, which makes its own memory context the current one, and stays in the one that was: else an
/// Arena would end with the first statement within.
template <class F>
auto call_spi(F&& f) {
  const InContext stay(CurrentMemoryContext);
  return guard(f);
}

bool takes(SPIPlanPtr plan, const std::vector<Bound>& bound) {
  for (size_t i = 0; i < bound.size(); ++i)
    if (SPI_getargtypeid(plan, static_cast<int>(i)) != bound[i].type) return false;
  return true;
}

}  // namespace

SPIPlanPtr Query::plan(const std::vector<Bound>& bound) {
  if (plan_ != nullptr && takes(plan_, bound)) return plan_;
  // A type of the extension has another number once the extension was dropped and made anew.
  if (SPIPlanPtr outdated = std::exchange(plan_, nullptr)) guard([&] { (void)SPI_freeplan(outdated); });
  std::vector<Oid> types;
  for (const Bound& value : bound) types.push_back(value.type);
  // Arrays of any length are looked up by index: a plan made for one of them could read whole tables instead.
  SPIPlanPtr made = call_spi([&] {
    return SPI_prepare_cursor(sql_, static_cast<int>(types.size()), types.data(), CURSOR_OPT_GENERIC_PLAN);
  });
  if (made == nullptr) require(SPI_result, "SPI_prepare");
  guard([&] { SPI_keepplan(made); });
  plan_ = made;
  return plan_;
}

void Query::forget() noexcept {
  if (SPIPlanPtr outdated = std::exchange(plan_, nullptr))
    free_error(
        call_catching([](void* plan) { (void)SPI_freeplan(static_cast<SPIPlanPtr>(plan)); }, outdated));
}

namespace {

struct PlainValues {
  std::vector<Datum> values;
  std::string nulls;

  explicit PlainValues(const std::vector<Bound>& bound) {
    for (const Bound& value : bound) {
      values.push_back(value.value);
      nulls.push_back(value.is_null ? 'n' : ' ');
    }
  }
};

}  // namespace

Rows Query::run(Spi& spi, const std::vector<Bound>& bound) {
  SPIPlanPtr prepared = plan(bound);
  PlainValues plain(bound);
  const bool is_read_only = spi.is_read_only();
  require(call_spi([&] {
            return SPI_execute_plan(prepared, plain.values.data(), plain.nulls.c_str(), is_read_only, 0);
          }),
          sql_);
  return {SPI_tuptable, SPI_processed};
}

void Cursor::open(Spi& spi, Query& query, const std::vector<Bound>& bound) {
  const bool is_read_only = spi.is_read_only();
  SPIPlanPtr prepared = query.plan(bound);
  PlainValues plain(bound);
  portal_ = call_spi([&] {
    return SPI_cursor_open(nullptr, prepared, plain.values.data(), plain.nulls.c_str(), is_read_only);
  });
  if (portal_ == nullptr) require(SPI_result, "SPI_cursor_open");
}

Cursor::Cursor(Spi& spi, const std::string& sql) {
  SPIPlanPtr plan = call_spi([&] { return SPI_prepare(sql.c_str(), 0, nullptr); });
  if (plan == nullptr) require(SPI_result, "SPI_prepare");
  const bool is_read_only = spi.is_read_only();
  // The portal keeps what it needs of the plan.
  portal_ = call_spi([&] {
    Portal portal = SPI_cursor_open(nullptr, plan, nullptr, nullptr, is_read_only);
    (void)SPI_freeplan(plan);
    return portal;
  });
  if (portal_ == nullptr) require(SPI_result, "SPI_cursor_open");
}

Cursor::~Cursor() {
  // After an error in the portal the transaction is about to be rolled back, which closes it too.
  free_error(call_catching([](void* portal) { SPI_cursor_close(static_cast<Portal>(portal)); }, portal_));
}

Rows Cursor::fetch(long count) {
  call_spi([&] { SPI_cursor_fetch(portal_, true, count); });
  return {SPI_tuptable, SPI_processed};
}

void execute(Spi& /*spi*/, const std::string& sql) {
  require(call_spi([&] { return SPI_execute(sql.c_str(), false, 0); }), sql.c_str());
  if (SPI_tuptable != nullptr) SPI_freetuptable(SPI_tuptable);
}

}  // namespace cdp::pg
