#include "pg/server.hpp"

#include "rule/rule_pg.hpp"

#include "base/error.hpp"
#include "base/hash.hpp"
#include "base/json.hpp"
#include "pg/boundary.hpp"
#include "pg/datum.hpp"
#include "pg/guard.hpp"
#include "rule/schema.hpp"

extern "C" {
#include <libpq/pqformat.h>
#include <mb/pg_wchar.h>
}

namespace cdp::rule {

namespace {

/// Text of the database's encoding in UTF-8; may be the same bytes.
std::string_view utf8_of(std::string_view text) {
  const char* converted =
      pg::guard([&] { return pg_server_to_any(text.data(), static_cast<int>(text.size()), PG_UTF8); });
  return converted == text.data() ? text : std::string_view(converted);
}

/// UTF-8 in the encoding of the database.
std::string_view server_text_of(std::string_view utf8) {
  const char* converted =
      pg::guard([&] { return pg_any_to_server(utf8.data(), static_cast<int>(utf8.size()), PG_UTF8); });
  return converted == utf8.data() ? utf8 : std::string_view(converted);
}

/// A rule as people write it: text, or JSON if it begins with a brace.
Rule read(std::string_view text) {
  const size_t first = text.find_first_not_of(" \t\r\n");
  if (first != std::string_view::npos && text[first] == '{') return from_json(parse_json(text));
  return parse(text);
}

}  // namespace

std::string_view canonical_text_of(Datum rule) { return pg::text_of(rule); }

Rule rule_of(Datum rule) {
  try {
    return parse(canonical_text_of(rule));
  } catch (const Error& error) {
    throw Error(Category::Corrupt, "stored rule is damaged: " + error.message());
  }
}

Datum to_rule_datum(const Rule& rule) { return pg::to_varlena(std::string_view(print(rule))); }

}  // namespace cdp::rule

using namespace cdp;

CDP_FUNCTION(cdp_rule_in) {
  const pg::Arguments arguments(fcinfo);
  return rule::to_rule_datum(rule::read(rule::utf8_of(arguments.cstring(0))));
}

CDP_FUNCTION(cdp_rule_out) {
  const pg::Arguments arguments(fcinfo);
  return pg::to_cstring(rule::server_text_of(rule::canonical_text_of(arguments.datum(0))));
}

CDP_FUNCTION(cdp_rule_recv) {
  auto* buffer = reinterpret_cast<StringInfo>(pg::Arguments(fcinfo).datum(0));
  int length = 0;
  const char* text = pg::guard([&] { return pq_getmsgtext(buffer, buffer->len - buffer->cursor, &length); });
  return rule::to_rule_datum(rule::read(rule::utf8_of({text, static_cast<size_t>(length)})));
}

CDP_FUNCTION(cdp_rule_send) {
  const pg::Arguments arguments(fcinfo);
  const std::string_view text = rule::server_text_of(rule::canonical_text_of(arguments.datum(0)));
  bytea* message = pg::guard([&] {
    StringInfoData buffer;
    pq_begintypsend(&buffer);
    pq_sendtext(&buffer, text.data(), static_cast<int>(text.size()));
    return pq_endtypsend(&buffer);
  });
  return PointerGetDatum(message);
}

CDP_FUNCTION(cdp_rule_from_jsonb) {
  return rule::to_rule_datum(rule::from_json(pg::Arguments(fcinfo).jsonb(0)));
}

CDP_FUNCTION(cdp_rule_to_jsonb) {
  return pg::to_jsonb(rule::to_json(rule::rule_of(pg::Arguments(fcinfo).datum(0))));
}

CDP_FUNCTION(cdp_rule_schema) { return pg::to_jsonb(rule::json_schema()); }

CDP_FUNCTION(cdp_rule_eq) {
  const pg::Arguments arguments(fcinfo);
  return BoolGetDatum(rule::canonical_text_of(arguments.datum(0)) ==
                      rule::canonical_text_of(arguments.datum(1)));
}

CDP_FUNCTION(cdp_rule_ne) {
  const pg::Arguments arguments(fcinfo);
  return BoolGetDatum(rule::canonical_text_of(arguments.datum(0)) !=
                      rule::canonical_text_of(arguments.datum(1)));
}

CDP_FUNCTION(cdp_rule_hash) {
  const uint64_t hash = hash64(rule::canonical_text_of(pg::Arguments(fcinfo).datum(0)));
  return Int32GetDatum(static_cast<int32_t>(static_cast<uint32_t>(hash)));
}

CDP_FUNCTION(cdp_rule_hash_extended) {
  const pg::Arguments arguments(fcinfo);
  // With seed 0 the low half must be the plain hash.
  const auto seed = static_cast<uint64_t>(arguments.bigint(1));
  return Int64GetDatum(static_cast<int64_t>(hash64(rule::canonical_text_of(arguments.datum(0)), seed)));
}
