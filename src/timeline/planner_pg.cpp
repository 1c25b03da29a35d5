/// What the planner makes of cdp_known_between(ts, first, last): of `ts >= X` that a query demands besides it
/// makes `last >= X`, of `ts <= X` `first <= X`, so that rows which hold no such time are never opened
/// (src/include/nodes/supportnodes.h of the server).

#include "pg/server.hpp"

#include "pg/boundary.hpp"
#include "pg/datum.hpp"
#include "pg/guard.hpp"

extern "C" {
#include <access/stratnum.h>
#include <catalog/pg_type.h>
#include <nodes/makefuncs.h>
#include <nodes/nodeFuncs.h>
#include <nodes/pathnodes.h>
#include <nodes/supportnodes.h>
#include <optimizer/clauses.h>
#include <optimizer/optimizer.h>
#include <utils/lsyscache.h>
#include <utils/typcache.h>
}

using namespace cdp;

// All of this runs within one pg::guard: plain data alone.
namespace {

/// A call of cdp_known_between and what takes its place.
struct Call {
  PlannerInfo* root;
  const Var* time;
  Node* first;
  Node* last;
  List* conditions;
};

/// Is it the call's time? Also where an outer join may have made it null: such rows fulfil no comparison.
bool is_time(const Call& call, const Node* node) {
  if (!IsA(node, Var)) return false;
  const auto* column = reinterpret_cast<const Var*>(node);
  return column->varno == call.time->varno && column->varattno == call.time->varattno &&
         column->varlevelsup == 0;
}

/// Is it one value for all rows of the query, to be had in any place of its plan?
bool is_bound(Node* node) {
  return !contain_var_clause(node) && !contain_volatile_functions(node) && !contain_subplans(node);
}

void add_condition(Call* call, Node* column, Oid family, Oid type, int strategy, Node* bound) {
  const Oid comparison = get_opfamily_member(family, TIMESTAMPTZOID, type, static_cast<int16>(strategy));
  if (!OidIsValid(comparison)) return;
  Expr* condition = make_opclause(comparison, BOOLOID, false, static_cast<Expr*>(copyObjectImpl(column)),
                                  static_cast<Expr*>(copyObjectImpl(bound)), InvalidOid, InvalidOid);
  set_opfuncid(reinterpret_cast<OpExpr*>(condition));
  call->conditions = lappend(call->conditions, condition);
}

/// What `time operator bound` says of first and last. Whatever type the bound has (a date, say): the order is
/// that of the operator's family.
void take_comparison(Call* call, Oid comparison, Node* bound) {
  const Oid family = lookup_type_cache(TIMESTAMPTZOID, TYPECACHE_BTREE_OPFAMILY)->btree_opf;
  const int strategy = OidIsValid(comparison) ? get_op_opfamily_strategy(comparison, family) : 0;
  if (strategy == 0 || !is_bound(bound)) return;
  Oid left = InvalidOid;
  Oid right = InvalidOid;
  op_input_types(comparison, &left, &right);
  switch (strategy) {
    case BTLessStrategyNumber:
    case BTLessEqualStrategyNumber:
      return add_condition(call, call->first, family, right, strategy, bound);
    case BTGreaterStrategyNumber:
    case BTGreaterEqualStrategyNumber:
      return add_condition(call, call->last, family, right, strategy, bound);
    case BTEqualStrategyNumber:
      add_condition(call, call->first, family, right, BTLessEqualStrategyNumber, bound);
      return add_condition(call, call->last, family, right, BTGreaterEqualStrategyNumber, bound);
    default:
      return;
  }
}

/// Takes the comparisons of the call's time out of conditions that all must hold: an expression, or a list as
/// the planner keeps them.
void take_conditions(Call* call, Node* node) {
  if (node == nullptr) return;
  check_stack_depth();
  if (IsA(node, List) || is_andclause(node)) {
    const List* parts =
        IsA(node, List) ? reinterpret_cast<List*>(node) : reinterpret_cast<BoolExpr*>(node)->args;
    for (int i = 0; i < list_length(parts); ++i)
      take_conditions(call, static_cast<Node*>(list_nth(parts, i)));
    return;
  }
  if (!IsA(node, OpExpr)) return;
  const auto* comparison = reinterpret_cast<OpExpr*>(node);
  if (list_length(comparison->args) != 2) return;
  auto* left = static_cast<Node*>(linitial(comparison->args));
  auto* right = static_cast<Node*>(lsecond(comparison->args));
  if (is_time(*call, left))
    take_comparison(call, comparison->opno, right);
  else if (is_time(*call, right))
    take_comparison(call, get_commutator(comparison->opno), left);
}

/// Does a join drop the rows of one side that do not fulfil its condition, or count them for nothing?
bool is_filter(JoinType type, bool is_left) {
  switch (type) {
    case JOIN_INNER:
    case JOIN_SEMI:
      return true;
    case JOIN_LEFT:
    case JOIN_ANTI:
      return !is_left;
    case JOIN_RIGHT:
      return is_left;
    default:
      return false;
  }
}

/// Takes the conditions that each row of the call's time must fulfil to count, those of WHERE and of joins.
/// Returns whether the time's table is in `node`.
bool take_from(Call* call, Node* node) {
  check_stack_depth();
  if (IsA(node, RangeTblRef))
    return reinterpret_cast<RangeTblRef*>(node)->rtindex == static_cast<int>(call->time->varno);
  if (IsA(node, FromExpr)) {
    const auto* from = reinterpret_cast<FromExpr*>(node);
    bool is_here = false;
    for (int i = 0; i < list_length(from->fromlist) && !is_here; ++i)
      is_here = take_from(call, static_cast<Node*>(list_nth(from->fromlist, i)));
    if (is_here) take_conditions(call, from->quals);
    return is_here;
  }
  if (!IsA(node, JoinExpr)) return false;
  const auto* join = reinterpret_cast<JoinExpr*>(node);
  const bool is_left = take_from(call, join->larg);
  if (!is_left && !take_from(call, join->rarg)) return false;
  if (is_filter(join->jointype, is_left)) take_conditions(call, join->quals);
  return true;
}

Node* simplified(const SupportRequestSimplify* request) {
  const List* arguments = request->fcall->args;
  if (request->root == nullptr || list_length(arguments) != 3) return nullptr;
  auto* time = static_cast<Node*>(linitial(arguments));
  if (!IsA(time, Var) || reinterpret_cast<Var*>(time)->varlevelsup != 0) return nullptr;
  Call call{request->root, reinterpret_cast<Var*>(time), static_cast<Node*>(lsecond(arguments)),
            static_cast<Node*>(lthird(arguments)), NIL};
  (void)take_from(&call, reinterpret_cast<Node*>(request->root->parse->jointree));
  if (call.conditions == NIL) return makeBoolConst(true, false);
  return eval_const_expressions(request->root, reinterpret_cast<Node*>(make_ands_explicit(call.conditions)));
}

}  // namespace

CDP_FUNCTION(cdp_known_between_support) {
  auto* request = reinterpret_cast<Node*>(pg::Arguments(fcinfo).datum(0));
  return pg::guard([&] {
    if (!IsA(request, SupportRequestSimplify)) return PointerGetDatum(nullptr);
    return PointerGetDatum(simplified(reinterpret_cast<SupportRequestSimplify*>(request)));
  });
}
