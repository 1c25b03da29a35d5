/// What the planner may ask about calls of functions of roaringbitmap and roaringbitmap64: how many rows
/// rb_iterate will give, and whether a call can be had for less (src/include/nodes/supportnodes.h of the
/// server).

#include "pg/server.hpp"

#include "bitmap/bitmap_pg.hpp"
#include "bitmap/question_pg.hpp"
#include "pg/boundary.hpp"
#include "pg/guard.hpp"

#include <algorithm>
#include <optional>
#include <string_view>

extern "C" {
#include <access/htup_details.h>
#include <catalog/pg_proc.h>
#include <catalog/pg_statistic.h>
#include <nodes/makefuncs.h>
#include <nodes/nodeFuncs.h>
#include <nodes/supportnodes.h>
#include <optimizer/optimizer.h>
#include <utils/builtins.h>
#include <utils/lsyscache.h>
#include <utils/selfuncs.h>
#include <utils/syscache.h>
}

using namespace cdp;
using bitmap::Kind32;
using bitmap::Kind64;
using bitmap::Questions;
using pg::Arguments;

namespace {

/// The constant that an argument of a call comes to, nullptr if it comes to none before execution.
const Const* constant_argument(PlannerInfo* root, const List* arguments, int i) {
  return pg::guard([&]() -> const Const* {
    if (i >= list_length(arguments)) return nullptr;
    Node* value = estimate_expression_value(root, static_cast<Node*>(list_nth(arguments, i)));
    return IsA(value, Const) ? reinterpret_cast<const Const*>(value) : nullptr;
  });
}

/// How many elements the sets of an expression have on average by what ANALYZE found out; negative if that is
/// not known.
double average_count(PlannerInfo* root, const List* arguments) {
  return pg::guard([&] {
    double average = -1;
    VariableStatData column;
    examine_variable(root, static_cast<Node*>(linitial(arguments)), 0, &column);
    AttStatsSlot slot;
    if (HeapTupleIsValid(column.statsTuple) &&
        get_attstatsslot(&slot, column.statsTuple, STATISTIC_KIND_DECHIST, InvalidOid,
                         ATTSTATSSLOT_NUMBERS) &&
        slot.nnumbers > 0)
      average = slot.numbers[slot.nnumbers - 1];
    ReleaseVariableStats(column);
    return average;
  });
}

/// How many rows a call of rb_iterate(set, bound, limit) gives; nothing if there is no better guess than the
/// function's own.
template <class Kind>
std::optional<double> rows_of_iterate(const SupportRequestRows* request) {
  const List* arguments = reinterpret_cast<const FuncExpr*>(request->node)->args;
  double rows = -1;
  if (const Const* set = constant_argument(request->root, arguments, 0)) {
    rows = set->constisnull ? 0 : static_cast<double>(Questions<Kind>::cardinality(set->constvalue));
  } else {
    rows = average_count(request->root, arguments);
  }
  const Const* limit = constant_argument(request->root, arguments, 2);
  if (limit != nullptr && !limit->constisnull && DatumGetInt64(limit->constvalue) >= 0) {
    const auto most = static_cast<double>(DatumGetInt64(limit->constvalue));
    rows = rows < 0 ? std::min(most, 1000.0) : std::min(rows, most);
  }
  if (rows < 0) return std::nullopt;
  return rows;
}

template <class Kind>
Datum support_iterate(FunctionCallInfo fcinfo) {
  auto* request = reinterpret_cast<Node*>(Arguments(fcinfo).datum(0));
  if (!IsA(request, SupportRequestRows)) return PointerGetDatum(nullptr);
  auto* about_rows = reinterpret_cast<SupportRequestRows*>(request);
  if (about_rows->node == nullptr || !IsA(about_rows->node, FuncExpr)) return PointerGetDatum(nullptr);
  const std::optional<double> rows = rows_of_iterate<Kind>(about_rows);
  if (!rows) return PointerGetDatum(nullptr);
  about_rows->rows = *rows;
  return PointerGetDatum(request);
}

/// A call of an operation on two sets.
struct Operation {
  const char* name;  // nullptr if it is none
  List* arguments;
  Oid schema;
};

Operation operation_in(Node* node, Oid schema) {
  Oid function = InvalidOid;
  List* arguments = NIL;
  if (IsA(node, FuncExpr)) {
    function = reinterpret_cast<FuncExpr*>(node)->funcid;
    arguments = reinterpret_cast<FuncExpr*>(node)->args;
  } else if (IsA(node, OpExpr)) {
    set_opfuncid(reinterpret_cast<OpExpr*>(node));
    function = reinterpret_cast<OpExpr*>(node)->opfuncid;
    arguments = reinterpret_cast<OpExpr*>(node)->args;
  }
  if (list_length(arguments) != 2 || get_func_namespace(function) != schema) return {};
  const Oid type = exprType(node);
  if (exprType(static_cast<Node*>(linitial(arguments))) != type ||
      exprType(static_cast<Node*>(lsecond(arguments))) != type)
    return {};
  return {get_func_name(function), arguments, schema};
}

/// A call of the function of that name in the same schema, with the operation's arguments; nullptr if there
/// is none.
Expr* call_with(const Operation& operation, const char* name, Oid result) {
  const Oid type = exprType(static_cast<Node*>(linitial(operation.arguments)));
  const Oid types[] = {type, type};
  const Oid function =
      GetSysCacheOid3(PROCNAMEARGSNSP, Anum_pg_proc_oid, CStringGetDatum(name),
                      PointerGetDatum(buildoidvector(types, 2)), ObjectIdGetDatum(operation.schema));
  if (!OidIsValid(function)) return nullptr;
  return reinterpret_cast<Expr*>(
      makeFuncExpr(function, result, operation.arguments, InvalidOid, InvalidOid, COERCE_EXPLICIT_CALL));
}

/// The operation that a function is called with and that call's request; no operation if it is of another
/// form.
Operation operation_of(Node* request) {
  if (!IsA(request, SupportRequestSimplify)) return {};
  const FuncExpr* call = reinterpret_cast<SupportRequestSimplify*>(request)->fcall;
  if (list_length(call->args) != 1) return {};
  return operation_in(static_cast<Node*>(linitial(call->args)), get_func_namespace(call->funcid));
}

bool is_one_of(std::string_view name, std::initializer_list<std::string_view> names) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

}  // namespace

CDP_FUNCTION(rb_iterate_support) { return support_iterate<Kind32>(fcinfo); }

CDP_FUNCTION(rb64_iterate_support) { return support_iterate<Kind64>(fcinfo); }

/// rb_cardinality(a & b) and the like, as rb_and_cardinality(a, b), which makes no set.
CDP_FUNCTION(rb_cardinality_support) {
  auto* request = reinterpret_cast<Node*>(Arguments(fcinfo).datum(0));
  return pg::guard([&] {
    const Operation operation = operation_of(request);
    if (operation.name == nullptr ||
        !is_one_of(operation.name, {"rb_and", "rb_or", "rb_xor", "rb_andnot", "rb64_and", "rb64_or",
                                    "rb64_xor", "rb64_andnot"}))
      return PointerGetDatum(nullptr);
    return PointerGetDatum(call_with(operation, psprintf("%s_cardinality", operation.name), INT8OID));
  });
}

/// rb_is_empty(a & b) as NOT rb_intersect(a, b), which stops at the first common element.
CDP_FUNCTION(rb_is_empty_support) {
  auto* request = reinterpret_cast<Node*>(Arguments(fcinfo).datum(0));
  return pg::guard([&] {
    const Operation operation = operation_of(request);
    if (operation.name == nullptr || !is_one_of(operation.name, {"rb_and", "rb64_and"}))
      return PointerGetDatum(nullptr);
    const bool is_wide = std::string_view(operation.name) == "rb64_and";
    Expr* meet = call_with(operation, is_wide ? "rb64_intersect" : "rb_intersect", BOOLOID);
    return PointerGetDatum(meet == nullptr ? nullptr : makeBoolExpr(NOT_EXPR, list_make1(meet), -1));
  });
}
