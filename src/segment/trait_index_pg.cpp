/// What INSERT, UPDATE and DELETE on cdp.trait_index set off, and folding by hand.

#include "base/error.hpp"
#include "pg/boundary.hpp"
#include "pg/compat.hpp"
#include "pg/guard.hpp"
#include "pg/spi.hpp"
#include "pg/trigger.hpp"
#include "profile/trait_index.hpp"
#include "rule/rule.hpp"
#include "segment/catalog.hpp"

#include <array>
#include <optional>

extern "C" {
#include <access/htup_details.h>
#include <access/xact.h>
}

namespace cdp::segment {

namespace {

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
    if (comparison != nullptr && comparison->test.op == rule::Operator::IsNull &&
        comparison->path.root == rule::ValuePath::Root::Trait) {
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
  const TriggerData* trigger = pg::trigger_of(fcinfo);
  const bool is_update = TRIGGER_FIRED_BY_UPDATE(trigger->tg_event);
  HeapTuple row = pg::new_row(trigger);
  const std::optional<Datum> text = pg::column_of(trigger, row, "trait");
  if (!text) return PointerGetDatum(row);  // which the table refuses
  const segment::Trait trait = segment::read_trait(pg::text_of(*text));
  // A row that brings its state along is restored from a dump, with its bitmaps.
  const bool is_new =
      is_update ? pg::text_of(pg::column_of(trigger, trigger->tg_trigtuple, "trait").value()) != trait.text
                : !pg::column_of(trigger, row, "built_at");
  return PointerGetDatum(segment::row_of(trigger, row, trait, is_new));
}

CDP_FUNCTION(cdp_trait_index_follow) {
  const TriggerData* trigger = pg::trigger_of(fcinfo);
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
  (void)pg::trigger_of(fcinfo);
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
  segment::refuse_old_snapshot("cdp_fold_traits() cannot run");
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
