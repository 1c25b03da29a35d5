/// Functions that fail in every way that the border must carry, for test/tap/border.t.

#include "base/error.hpp"
#include "base/interrupt.hpp"
#include "pg/boundary.hpp"
#include "pg/compat.hpp"
#include "pg/datum.hpp"
#include "pg/guard.hpp"
#include "pg/memory.hpp"
#include "pg/spi.hpp"

#include <cstring>
#include <iterator>
#include <new>
#include <stdexcept>
#include <string>

using namespace cdp;

extern "C" {
CDP_MODULE_MAGIC;
PGDLLEXPORT void _PG_init(void);
void _PG_init(void) { set_interrupt_check(pg::check_for_server_interrupts); }
}

namespace {

int64_t living = 0;
int64_t destroyed = 0;

/// An object whose destructor can be seen to have run.
struct Counted {
  Counted() { ++living; }
  ~Counted() {
    --living;
    ++destroyed;
  }
  Counted(const Counted&) = delete;
  Counted& operator=(const Counted&) = delete;
};

/// Overwrites, when it ends, the memory that contexts deleted just before have given back.
struct Scribbler {
  ~Scribbler() {
    for (int i = 0; i < 8; ++i) {
      MemoryContext context =
          AllocSetContextCreate(CurrentMemoryContext, "border test", ALLOCSET_DEFAULT_SIZES);
      memset(MemoryContextAlloc(context, 4000), 0x7f, 4000);
      contexts[i] = context;
    }
    for (MemoryContext context : contexts) MemoryContextDelete(context);
  }
  MemoryContext contexts[8] = {};
};

constexpr const char* kCategories[] = {"BadText",   "BadBinary", "BadValue", "OutOfRange", "NotFound",
                                       "Duplicate", "InUse",     "State",    "Forbidden",  "Limit",
                                       "Corrupt",   "Cancelled", "Internal"};

void raise_server_error() {
  ereport(ERROR, (errcode(MAKE_SQLSTATE('C', 'D', 'P', '0', '1')), errmsg("server says no"),
                  errdetail("The detail of the server."), errhint("The hint of the server.")));
}

[[noreturn]] void fail(std::string_view kind) {
  if (kind == "bad_alloc") throw std::bad_alloc();
  if (kind == "exception") throw std::runtime_error("a standard exception");
  if (kind == "int") throw 42;
  if (kind == "bare") throw Error(Category::State, "only a message");
  if (kind == "empty") throw Error(Category::State, "");
  if (kind == "bad_encoding") throw Error(Category::BadText, "cut \xe2\x82 here \xff");
  if (kind == "server") pg::guard([] { raise_server_error(); });
  for (size_t i = 0; i < std::size(kCategories); ++i)
    if (kind == kCategories[i])
      throw Error(static_cast<Category>(i), "message of " + std::string(kind),
                  "detail of " + std::string(kind), "hint of " + std::string(kind));
  throw Error(Category::BadValue, "unknown kind");
}

}  // namespace

CDP_FUNCTION(border_throw) {
  const Counted one;
  fail(pg::Arguments(fcinfo).text(0));
}

CDP_FUNCTION(border_living) { return Int64GetDatum(living); }
CDP_FUNCTION(border_destroyed) { return Int64GetDatum(destroyed); }

/// A server error under C++ frames that own things of both worlds, each of which unwinding takes away.
CDP_FUNCTION(border_server_error) {
  const Scribbler scribbler;
  const Counted outer;
  pg::Spi spi;
  const pg::Arena arena("border test");
  const pg::InContext in(arena.context());
  const std::string text(1000, 'x');
  const Counted inner;
  pg::guard([] { raise_server_error(); });
  return 0;
}

/// The same out of SQL run through SPI.
CDP_FUNCTION(border_sql_error) {
  const Counted outer;
  pg::Spi spi;
  pg::execute(spi, std::string(pg::Arguments(fcinfo).text(0)));
  return 0;
}

/// Fails below `levels` crossings of the border, C++ to server to C++.
CDP_FUNCTION(border_nested) {
  const Counted one;
  const pg::Arguments arguments(fcinfo);
  const int levels = arguments.integer(0);
  const Datum kind = arguments.datum(1);
  if (levels == 0) fail(arguments.text(1));
  const Datum below = Int32GetDatum(levels - 1);
  return pg::guard([&] { return DirectFunctionCall2(border_nested, below, kind); });
}

/// A guard within a guard's callable: what it throws must leave the server's error handler intact.
CDP_FUNCTION(border_guard_in_guard) {
  try {
    pg::guard([] { pg::guard([] { raise_server_error(); }); });
  } catch (const pg::ServerError&) {
    pg::guard([] { raise_server_error(); });
  }
  return 0;
}

CDP_FUNCTION(border_endless) {
  const Counted one;
  volatile uint64_t work = 0;
  for (InterruptTicker ticker;;) {
    work = work + 1;
    ticker.tick();
  }
}

/// Inserts into the table border_log and fails, `times` times, each in a subtransaction; then inserts once
/// more. Returns how many errors were caught.
CDP_FUNCTION(border_catch) {
  const int times = pg::Arguments(fcinfo).integer(0);
  int caught = 0;
  pg::Spi spi;
  for (int i = 0; i < times; ++i) {
    try {
      pg::in_subtransaction([&] {
        const Counted one;
        pg::execute(spi, "INSERT INTO public.border_log VALUES ('rolled back')");
        pg::execute(spi, i % 2 == 0 ? "SELECT 1 / 0" : "SELECT nonsense");
      });
    } catch (const pg::ServerError& error) {
      const int expected = i % 2 == 0 ? ERRCODE_DIVISION_BY_ZERO : ERRCODE_UNDEFINED_COLUMN;
      if (error.sqlstate() != expected) throw;
      ++caught;
    }
  }
  pg::in_subtransaction([&] { pg::execute(spi, "INSERT INTO public.border_log VALUES ('kept')"); });
  return Int32GetDatum(caught);
}

/// An object made in a memory context is destroyed with it.
CDP_FUNCTION(border_make_in) {
  const int64_t before = destroyed;
  {
    const pg::Arena arena("border test");
    pg::make_in<Counted>(arena.context());
    if (destroyed != before) throw Error(Category::Internal, "destroyed too early");
  }
  return Int64GetDatum(destroyed - before);
}

/// Reads a jsonb into the core's value and writes it back.
CDP_FUNCTION(border_jsonb) { return pg::to_jsonb(pg::Arguments(fcinfo).jsonb(0)); }

CDP_FUNCTION(border_jsonb_kind) { return pg::to_text(pg::Arguments(fcinfo).jsonb(0).kind_name()); }

/// Reads a query's first column through a cursor and adds it up.
CDP_FUNCTION(border_cursor_sum) {
  pg::Spi spi;
  static pg::Query numbers(
      "SELECT 1 / (CASE i WHEN $1 THEN 0 ELSE 1 END)::bigint FROM generate_series(1::bigint, 1000) i");
  pg::Cursor cursor(spi, numbers, static_cast<int64_t>(pg::Arguments(fcinfo).integer(0)));
  int64_t sum = 0;
  for (pg::Rows rows = cursor.fetch(7); !rows.empty(); rows = cursor.fetch(7))
    for (uint64_t i = 0; i < rows.size(); ++i) sum += rows.bigint(i, 0);
  return Int64GetDatum(sum);
}
