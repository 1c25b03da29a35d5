#pragma once

#include "pg/server.hpp"

#include "base/bytes.hpp"
#include "base/json.hpp"
#include "base/time.hpp"
#include "pg/datum.hpp"
#include "pg/sees.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

extern "C" {
#include <executor/spi.h>
}

namespace cdp::pg {

/// SQL text as an argument of type jsonb.
struct JsonText {
  std::string_view text;
};

/// A day as an argument of type date: days since 2000-01-01.
struct Date {
  int32_t day = 0;
};

/// A prepared value: its datum and whether it is null. Made in the current memory context.
struct Bound {
  Oid type = InvalidOid;
  Datum value = 0;
  bool is_null = false;
};

Bound bound_value(bool value);
Bound bound_value(int16_t value);
Bound bound_value(int32_t value);
Bound bound_value(int64_t value);
Bound bound_value(double value);
Bound bound_value(Instant value);
Bound bound_value(std::string_view value);
Bound bound_value(JsonText value);
Bound bound_value(Date value);
Bound bound_value(const std::vector<int64_t>& values);
Bound bound_value(const std::vector<int32_t>& values);
Bound bound_value(const std::vector<bool>& values);
Bound bound_value(const std::vector<double>& values);
Bound bound_value(const std::vector<Instant>& values);
Bound bound_value(const std::vector<std::string>& values);
Bound bound_value(const std::vector<std::optional<std::string>>& values);  ///< text[] with nulls
Bound bound_value(const std::vector<std::optional<int64_t>>& values);      ///< bigint[] with nulls
inline Bound bound_value(const std::string& value) { return bound_value(std::string_view(value)); }
inline Bound bound_value(const char* value) { return bound_value(std::string_view(value)); }
inline Bound bound_value(const Bound& value) { return value; }
template <class T>
Bound bound_value(const std::optional<T>& value) {
  Bound bound = bound_value(value.value_or(T{}));
  bound.is_null = !value.has_value();
  return bound;
}

/// A connection to SPI for the lifetime of this object, with search_path pinned to pg_catalog, pg_temp: name
/// every object of other schemas with its schema. Results read through it are gone with it.
class Spi {
 public:
  /// Whether statements see and make changes of this command, or see what the calling query sees: the latter
  /// for functions that are stable.
  enum class Mode : uint8_t { ReadWrite, ReadOnly };

  explicit Spi(Mode mode = Mode::ReadWrite);
  ~Spi();
  Spi(const Spi&) = delete;
  Spi& operator=(const Spi&) = delete;

  bool is_read_only() const { return mode_ == Mode::ReadOnly; }
  /// What statements of this connection see, for those who read without one.
  Sees sees() const { return is_read_only() ? Sees::WhatTheCallerSees : Sees::WhatIsDone; }

 private:
  Mode mode_;
  int guc_level_;
};

/// While it lives, read-only statements see what is committed now (and this transaction's own changes), also
/// in a transaction whose snapshot is older.
class LatestSnapshot {
 public:
  LatestSnapshot();
  ~LatestSnapshot();
  LatestSnapshot(const LatestSnapshot&) = delete;
  LatestSnapshot& operator=(const LatestSnapshot&) = delete;
};

/// The rows of a result; valid until the Spi object ends, or until this object does.
class Rows {
 public:
  Rows() = default;
  Rows(SPITupleTable* table, uint64_t processed) : table_(table), processed_(processed) {}
  Rows(Rows&& other) noexcept
      : table_(std::exchange(other.table_, nullptr)), processed_(std::exchange(other.processed_, 0)) {}
  Rows& operator=(Rows&& other) noexcept {
    std::swap(table_, other.table_);
    std::swap(processed_, other.processed_);
    return *this;
  }
  ~Rows() {
    if (table_ != nullptr) SPI_freetuptable(table_);
  }

  /// Rows returned, or changed by a statement that returns none.
  uint64_t size() const { return processed_; }
  bool empty() const { return processed_ == 0; }

  bool is_null(uint64_t row, int column) const;
  Datum datum(uint64_t row, int column) const;  ///< by reference into this result
  bool boolean(uint64_t row, int column) const { return DatumGetBool(datum(row, column)); }
  int16_t smallint(uint64_t row, int column) const { return DatumGetInt16(datum(row, column)); }
  int32_t integer(uint64_t row, int column) const { return DatumGetInt32(datum(row, column)); }
  int64_t bigint(uint64_t row, int column) const { return DatumGetInt64(datum(row, column)); }
  double floating(uint64_t row, int column) const { return DatumGetFloat8(datum(row, column)); }
  Instant instant(uint64_t row, int column) const { return {DatumGetTimestampTz(datum(row, column))}; }
  int columns() const { return table_ != nullptr ? table_->tupdesc->natts : 0; }
  std::optional<std::string> as_text(uint64_t row, int column) const;  ///< of a value of any type
  std::string text(uint64_t row, int column) const { return std::string(text_of(datum(row, column))); }
  Json json(uint64_t row, int column) const { return json_of(datum(row, column)); }
  std::vector<int64_t> bigints(uint64_t row, int column) const;   ///< bigint[]; nulls left out
  std::vector<int32_t> integers(uint64_t row, int column) const;  ///< integer[]; nulls left out

 private:
  SPITupleTable* table_ = nullptr;
  uint64_t processed_ = 0;
};

/// One SQL statement, prepared at its first use and kept for the life of the backend. Make it a static local:
///   static pg::Query find("SELECT user_no FROM cdp.identity WHERE kind = $1 AND value = $2");
///   pg::Rows rows = find(spi, "user", user_id);
/// Parameter types follow from the C++ types of the call. Sees the effects of earlier statements of
/// the same function. Server errors come out as ServerError.
class Query {
 public:
  explicit constexpr Query(const char* sql) : sql_(sql) {}

  template <class... Values>
  Rows operator()(Spi& spi, const Values&... values) {
    const std::vector<Bound> bound{bound_value(values)...};
    return run(spi, bound);
  }

  /// Frees the plan.
  void forget() noexcept;

  /// The prepared plan, for a Cursor.
  SPIPlanPtr plan(const std::vector<Bound>& bound);

 private:
  Rows run(Spi& spi, const std::vector<Bound>& bound);

  const char* sql_;
  SPIPlanPtr plan_ = nullptr;
};

/// A Query of a text that is not ours, kept for the life of this object.
class Statement {
 public:
  explicit Statement(std::string sql) : sql_(std::move(sql)), query_(sql_.c_str()) {}
  ~Statement() { query_.forget(); }
  Statement(const Statement&) = delete;
  Statement& operator=(const Statement&) = delete;

  template <class... Values>
  Rows operator()(Spi& spi, const Values&... values) {
    return query_(spi, values...);
  }

 private:
  std::string sql_;
  Query query_;
};

/// A result read in pieces, in constant memory.
class Cursor {
 public:
  template <class... Values>
  Cursor(Spi& spi, Query& query, const Values&... values) {
    open(spi, query, std::vector<Bound>{bound_value(values)...});
  }
  /// Of a text that is not ours: one statement that gives rows.
  Cursor(Spi& spi, const std::string& sql);
  ~Cursor();
  Cursor(const Cursor&) = delete;
  Cursor& operator=(const Cursor&) = delete;

  /// The next at most `count` rows; empty at the end.
  Rows fetch(long count);

 private:
  void open(Spi& spi, Query& query, const std::vector<Bound>& bound);

  Portal portal_ = nullptr;
};

/// Runs a command without parameters that needs no plan kept.
void execute(Spi& spi, const std::string& sql);

}  // namespace cdp::pg
