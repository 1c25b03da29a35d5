/// What INSERT, UPDATE and DELETE on cdp.trait_index set off, and folding by hand.

#include "base/error.hpp"
#include "pg/boundary.hpp"
#include "pg/compat.hpp"
#include "pg/guard.hpp"
#include "pg/spi.hpp"
#include "profile/trait_index.hpp"
#include "rule/rule.hpp"
#include "segment/catalog.hpp"

#include <array>
#include <optional>

extern "C" {
#include <access/htup_details.h>
#include <access/xact.h>
#include <commands/trigger.h>
}

namespace cdp::segment {

namespace {

TriggerData* trigger_data(FunctionCallInfo fcinfo) {
  if (!CALLED_AS_TRIGGER(fcinfo)) throw Error(Category::State, "this function must be called as a trigger");
  return reinterpret_cast<TriggerData*>(fcinfo->context);
}

/// A trait as rules write it, and the names that lead to its value.
struct Trait {
  std::string text;
  std::vector<std::string> path;
};

Trait read_trait(std::string_view text) {
  constexpr std::string_view kTest = " is null";
  const auto fail = [&](std::string detail) {
    throw Error(Category::BadText, "\"" + std::string(text) + "\" is no trait", std::move(detail),
                "Write it as rules do: country, address.city, \"Home Town\".");
  };
  try {
    const rule::Rule rule = rule::parse(std::string(text) + std::string(kTest));
    const auto* comparison = rule.root().as<rule::Comparison>();
    if (comparison != nullptr && comparison->test.op == rule::Operator::IsNull) {
      const std::string canonical = rule::print(rule);
      return {canonical.substr(0, canonical.size() - kTest.size()), comparison->path.names};
    }
  } catch (const Error& error) {
    if (error.category() != Category::BadText) throw;
    fail(error.message());
  }
  fail("It is more than a name, or names with points between them.");
  return {};
}

struct ColumnValue {
  Datum value = 0;
  bool is_null = false;
};

ColumnValue column(const TriggerData* trigger, HeapTuple row, const char* name) {
  return pg::guard([&] {
    ColumnValue found;
    TupleDesc description = trigger->tg_relation->rd_att;
    found.value = SPI_getbinval(row, description, SPI_fnumber(description, name), &found.is_null);
    return found;
  });
}

/// The row with the trait as it is read; `is_new`: to be built.
HeapTuple row_of(const TriggerData* trigger, HeapTuple row, const Trait& trait, bool is_new) {
  std::array<Datum, 3> values{pg::to_text(trait.text), pg::bound_value(trait.path).value,
                              pg::to_text("pending")};
  return pg::guard([&] {
    TupleDesc description = trigger->tg_relation->rd_att;
    std::array<int, 3> columns{SPI_fnumber(description, "trait"), SPI_fnumber(description, "path"),
                               SPI_fnumber(description, "status")};
    std::array<bool, 3> nulls{};
    return heap_modify_tuple_by_cols(row, description, is_new ? 3 : 2, columns.data(), values.data(),
                                     nulls.data());
  });
}

}  // namespace

}  // namespace cdp::segment

using namespace cdp;  // NOLINT(google-build-using-namespace): the functions below are the room's outside

CDP_FUNCTION(cdp_trait_index_row) {
  const TriggerData* trigger = segment::trigger_data(fcinfo);
  const bool is_update = TRIGGER_FIRED_BY_UPDATE(trigger->tg_event);
  HeapTuple row = is_update ? trigger->tg_newtuple : trigger->tg_trigtuple;
  const segment::ColumnValue text = segment::column(trigger, row, "trait");
  if (text.is_null) return PointerGetDatum(row);  // which the table refuses
  const segment::Trait trait = segment::read_trait(pg::text_of(text.value));
  // A row that brings its state along is restored from a dump, with its bitmaps.
  bool is_new = !is_update && segment::column(trigger, row, "built_at").is_null;
  if (is_update) {
    const segment::ColumnValue before = segment::column(trigger, trigger->tg_trigtuple, "trait");
    is_new = pg::text_of(before.value) != trait.text;
  }
  return PointerGetDatum(segment::row_of(trigger, row, trait, is_new));
}

CDP_FUNCTION(cdp_trait_index_follow) {
  const TriggerData* trigger = segment::trigger_data(fcinfo);
  pg::Spi spi;
  // What the statement changed is to be seen below.
  pg::guard([] { CommandCounterIncrement(); });
  if (TRIGGER_FIRED_BY_DELETE(trigger->tg_event) || TRIGGER_FIRED_BY_TRUNCATE(trigger->tg_event)) {
    profile::remove_dropped_trait_indexes(spi);
    return 0;
  }
  // In a transaction with an old snapshot it would be built from old profiles: the worker does it.
  if (!IsolationUsesXactSnapshot()) profile::build_pending_trait_indexes(spi, true);
  return 0;
}

CDP_FUNCTION(cdp_profiles_emptied) {
  (void)segment::trigger_data(fcinfo);
  pg::Spi spi;
  segment::lock_processing();
  profile::empty_trait_indexes(spi);
  return 0;
}

CDP_FUNCTION(cdp_fold_traits) {
  const pg::Arguments arguments(fcinfo);
  int64_t most_users = INT64_MAX;
  if (!arguments.is_null(0)) {
    most_users = arguments.integer(0);
    if (most_users < 1)
      throw Error(Category::BadValue, "max_users must be at least 1, not " + std::to_string(most_users));
  }
  if (IsolationUsesXactSnapshot())
    throw Error(
        Category::State,
        "cdp_fold_traits() cannot run in a transaction of isolation level repeatable read or serializable",
        {}, "Call it in one of level read committed.");
  pg::Spi spi;
  segment::lock_processing();
  int64_t users = 0;
  for (int64_t chunk = 0; users < most_users;) {
    const auto folded = profile::fold_changed_profiles(spi, chunk, most_users - users);
    if (!folded) break;
    users += folded->users;
    chunk = folded->next_chunk;
  }
  return Int64GetDatum(users);
}
