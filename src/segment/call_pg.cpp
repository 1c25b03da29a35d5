/// What functions that rules call are, and their values for one user.

#include "base/error.hpp"
#include "pg/act_as.hpp"
#include "pg/guard.hpp"
#include "segment/call.hpp"
#include "segment/call_values_pg.hpp"

#include <algorithm>
#include <utility>

extern "C" {
#include <access/htup_details.h>
#include <catalog/namespace.h>
#include <catalog/pg_proc.h>
#include <catalog/pg_type.h>
#include <parser/parse_func.h>
#include <utils/builtins.h>
#include <utils/lsyscache.h>
#include <utils/syscache.h>
}

namespace cdp::segment {

namespace {

/// The columns of cdp.segment_call_value.
enum CallValueColumn : uint8_t { kValueCall, kValueUser, kCallValue };

/// The function of this name, maybe with a schema, that takes a profile; InvalidOid if there is none.
Oid find_function(const rule::ValuePath& path) {
  return pg::guard([&] {
    const Oid profile = get_rel_type_id(get_relname_relid("profile", get_namespace_oid("cdp", false)));
    List* names = NIL;
    for (const std::string& name : path.names) names = lappend(names, makeString(pstrdup(name.c_str())));
    return LookupFuncName(names, 1, &profile, true);
  });
}

struct Facts {
  bool gives_one_value;
  const char* schema;
  const char* name;
};

Facts facts_of(Oid function) {
  return pg::guard([&] {
    HeapTuple row = SearchSysCache1(PROCOID, ObjectIdGetDatum(function));
    if (!HeapTupleIsValid(row)) elog(ERROR, "cache lookup failed for function %u", function);
    const auto* form = reinterpret_cast<Form_pg_proc>(GETSTRUCT(row));
    const Facts facts{form->prokind == PROKIND_FUNCTION && !form->proretset &&
                          get_typtype(form->prorettype) != TYPTYPE_PSEUDO,
                      get_namespace_name(form->pronamespace), pstrdup(NameStr(form->proname))};
    ReleaseSysCache(row);
    return facts;
  });
}

rule::ValuePath with_schema(const rule::ValuePath& path) {
  std::string written;
  for (const std::string& name : path.names) written += (written.empty() ? "" : ".") + name;
  const Oid function = find_function(path);
  if (function == InvalidOid)
    throw Error(
        Category::NotFound, "function " + written + "(cdp.profile) does not exist", {},
        "call() takes a function with one argument of type cdp.profile. Name its schema if that is not in "
        "search_path, and put capital letters in double quotes.");
  const Facts facts = facts_of(function);
  if (!facts.gives_one_value)
    throw Error(
        Category::BadValue, "function " + written + "(cdp.profile) does not return one value", {},
        "call() takes a function that returns a number, a text, a boolean, or another value, but no set.");
  return {path.root, {facts.schema, facts.name}};
}

}  // namespace

rule::Rule with_schemas(const rule::Rule& rule) { return rule::with_calls(rule, with_schema); }

std::string function_text(const rule::ValuePath& function) {
  return pg::guard([&] {
    return quote_qualified_identifier(function.names.front().c_str(), function.names.back().c_str());
  });
}

StoredCalls::StoredCalls(pg::Spi& spi)
    : values_("cdp", "segment_call_value", "segment_call_value_pkey", spi.sees()) {
  static pg::Query query("SELECT call_no, parse_ident(function) FROM cdp.segment_call");
  const pg::Rows rows = query(spi);
  for (uint64_t i = 0; i < rows.size(); ++i) {
    std::vector<std::string> names;
    for (const std::optional<std::string>& name : pg::texts_of(rows.datum(i, 1)))
      names.push_back(name.value());
    functions_.emplace_back(std::move(names), rows.integer(i, 0));
  }
}

const Json* StoredCalls::value(const rule::ValuePath& function, int64_t user_no) {
  if (std::exchange(user_no_, user_no) != user_no) {
    of_user_.clear();
    values_.find(
        [&](const pg::IndexLookup::Row& row) {
          of_user_.emplace_back(row.integer(kValueCall), row.json(kCallValue));
        },
        user_no);
  }
  const auto named = std::find_if(functions_.begin(), functions_.end(),
                                  [&](const auto& known) { return known.first == function.names; });
  if (named == functions_.end()) return nullptr;
  const auto found = std::find_if(of_user_.begin(), of_user_.end(),
                                  [&](const auto& known) { return known.first == named->second; });
  return found != of_user_.end() ? &found->second : nullptr;
}

AskedCalls::Function::Function(const rule::ValuePath& named)
    : path(named),
      statement("SELECT pg_catalog.to_jsonb(" + function_text(named) +
                "(p)) FROM cdp.profile AS p WHERE p.user_no OPERATOR(pg_catalog.=) $1") {}

AskedCalls::AskedCalls(pg::Spi& spi, std::string search_path)
    : spi_(spi), role_(pg::current_role()), search_path_(std::move(search_path)) {}

AskedCalls::Function& AskedCalls::function_of(const rule::ValuePath& path) {
  const auto found = std::find_if(functions_.begin(), functions_.end(),
                                  [&](const Function& known) { return known.path == path; });
  return found != functions_.end() ? *found : functions_.emplace_back(path);
}

const Json* AskedCalls::value(const rule::ValuePath& path, int64_t user_no) {
  Function& function = function_of(path);
  if (function.user_no != user_no) {
    arena_.reset();
    const pg::InContext in_arena(arena_.context());
    const pg::ReadOnly read_only;
    const pg::ActAs act_as(role_, search_path_);
    const pg::Rows rows = function.statement(spi_, user_no);
    function.value.reset();
    if (!rows.empty() && !rows.is_null(0, 0)) function.value = rows.json(0, 0);
    function.user_no = user_no;
  }
  return function.value ? &*function.value : nullptr;
}

}  // namespace cdp::segment
