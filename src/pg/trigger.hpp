#pragma once

#include "pg/server.hpp"

#include "base/error.hpp"
#include "pg/guard.hpp"

#include <optional>

extern "C" {
#include <access/htup_details.h>
#include <commands/trigger.h>
#include <executor/spi.h>
#include <utils/rel.h>
}

namespace cdp::pg {

/// What a trigger function is called about. Throws Error(State) where it is not called as one.
inline TriggerData* trigger_of(FunctionCallInfo fcinfo) {
  if (!CALLED_AS_TRIGGER(fcinfo)) throw Error(Category::State, "this function must be called as a trigger");
  return reinterpret_cast<TriggerData*>(fcinfo->context);
}

/// The row as an INSERT or UPDATE wants it.
inline HeapTuple new_row(const TriggerData* trigger) {
  return TRIGGER_FIRED_BY_UPDATE(trigger->tg_event) ? trigger->tg_newtuple : trigger->tg_trigtuple;
}

/// A column of a row of the trigger's table; nullopt for null.
inline std::optional<Datum> column_of(const TriggerData* trigger, HeapTuple row, const char* name) {
  return guard([&] {
    TupleDesc description = trigger->tg_relation->rd_att;
    bool is_null = false;
    const Datum value = SPI_getbinval(row, description, SPI_fnumber(description, name), &is_null);
    return is_null ? std::nullopt : std::optional(value);
  });
}

/// A copy of the row with another value in a column.
inline HeapTuple with_column(const TriggerData* trigger, HeapTuple row, const char* name, Datum value) {
  return guard([&] {
    TupleDesc description = trigger->tg_relation->rd_att;
    int column = SPI_fnumber(description, name);
    Datum set = value;
    bool is_null = false;
    return heap_modify_tuple_by_cols(row, description, 1, &column, &set, &is_null);
  });
}

}  // namespace cdp::pg
