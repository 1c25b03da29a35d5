#include "rule/schema.hpp"

namespace cdp::rule {

std::string_view json_schema() {
  // clang-format off
  static constexpr std::string_view kSchema = R"json({
"$schema": "https://json-schema.org/draft/2020-12/schema",
"title": "A rule about users (cdp_rule)",
"$ref": "#/$defs/condition",
"$defs": {
"condition": {"anyOf": [{"type": "boolean"}, {"type": "object", "properties": {"and": {"type": "array",
"items": {"$ref": "#/$defs/condition"}, "minItems": 1}}, "required": ["and"], "additionalProperties"
: false}, {"type": "object", "properties": {"or": {"type": "array", "items": {"$ref": "#/$defs/condition"},
"minItems": 1}}, "required": ["or"], "additionalProperties": false}, {"type": "object", "properties": {"not"
: {"$ref": "#/$defs/condition"}}, "required": ["not"], "additionalProperties": false}, {"$ref":
"#/$defs/trait"}, {"type": "object", "properties": {"held": {"$ref": "#/$defs/trait"}, "for": {"$ref":
"#/$defs/length"}}, "required": ["held", "for"], "additionalProperties": false}, {"type": "object",
"properties": {"now": {"enum": ["weekday", "hour"]}, "op": {"type": "string"}, "value": {}}, "required": [
"now", "op"], "additionalProperties": false, "anyOf": [{"$ref": "#/$defs/value_test"}]}, {"type": "object",
"properties": {"compare": {"type": "object", "properties": {"left": {"$ref": "#/$defs/number"}, "op": {
"enum": ["=", "<>", "!=", "<", "<=", ">", ">="]}, "right": {"$ref": "#/$defs/number"}}, "required": ["left"
, "op", "right"], "additionalProperties": false}}, "required": ["compare"], "additionalProperties": false},
{"type": "object", "properties": {"in_segment": {"$ref": "#/$defs/name"}}, "required": ["in_segment"],
"additionalProperties": false}, {"type": "object", "properties": {"sample": {"type": "object", "properties"
: {"percent": {"type": "number", "minimum": 0, "maximum": 100}, "seed": {"type": "string"}}, "required": [
"percent", "seed"], "additionalProperties": false}}, "required": ["sample"], "additionalProperties"
: false}, {"type": "object", "properties": {"did": {"$ref": "#/$defs/events"}}, "required": ["did"],
"additionalProperties": false}, {"type": "object", "properties": {"count": {"$ref": "#/$defs/events"}, "op"
: {"type": "string"}, "value": {}}, "required": ["count", "op"], "additionalProperties": false, "anyOf": [{
"$ref": "#/$defs/number_test"}]}, {"type": "object", "properties": {"days": {"$ref": "#/$defs/events"}, "op"
: {"type": "string"}, "value": {}}, "required": ["days", "op"], "additionalProperties": false, "anyOf": [{
"$ref": "#/$defs/number_test"}]}, {"type": "object", "properties": {"sum": {"$ref": "#/$defs/measured"},
"op": {"type": "string"}, "value": {}}, "required": ["sum", "op"], "additionalProperties": false, "anyOf"
: [{"$ref": "#/$defs/number_test"}]}, {"type": "object", "properties": {"avg": {"$ref": "#/$defs/measured"
}, "op": {"type": "string"}, "value": {}}, "required": ["avg", "op"], "additionalProperties": false, "anyOf"
: [{"$ref": "#/$defs/number_test"}]}, {"type": "object", "properties": {"min": {"$ref": "#/$defs/measured"
}, "op": {"type": "string"}, "value": {}}, "required": ["min", "op"], "additionalProperties": false, "anyOf"
: [{"$ref": "#/$defs/number_test"}]}, {"type": "object", "properties": {"max": {"$ref": "#/$defs/measured"
}, "op": {"type": "string"}, "value": {}}, "required": ["max", "op"], "additionalProperties": false, "anyOf"
: [{"$ref": "#/$defs/number_test"}]}, {"type": "object", "properties": {"distinct": {"$ref":
"#/$defs/measured"}, "op": {"type": "string"}, "value": {}}, "required": ["distinct", "op"],
"additionalProperties": false, "anyOf": [{"$ref": "#/$defs/number_test"}]}, {"type": "object", "properties"
: {"most": {"$ref": "#/$defs/measured"}, "op": {"type": "string"}, "value": {}}, "required": ["most", "op"
], "additionalProperties": false, "anyOf": [{"$ref": "#/$defs/value_test"}]}, {"type": "object",
"properties": {"sessions": {"$ref": "#/$defs/window"}, "op": {"type": "string"}, "value": {}}, "required": [
"sessions", "op"], "additionalProperties": false, "anyOf": [{"$ref": "#/$defs/number_test"}]}, {"type":
"object", "properties": {"first": {"$ref": "#/$defs/event"}, "op": {"type": "string"}, "value": {}},
"required": ["first", "op"], "additionalProperties": false, "anyOf": [{"$ref": "#/$defs/time_test"}]}, {
"type": "object", "properties": {"last": {"$ref": "#/$defs/event"}, "op": {"type": "string"}, "value": {}},
"required": ["last", "op"], "additionalProperties": false, "anyOf": [{"$ref": "#/$defs/time_test"}]}, {
"type": "object", "properties": {"sequence": {"type": "object", "properties": {"steps": {"type": "array",
"items": {"$ref": "#/$defs/step"}, "minItems": 2}, "within": {"$ref": "#/$defs/length"}, "last": {"$ref":
"#/$defs/length"}, "between_ago": {"type": "array", "items": {"$ref": "#/$defs/length"}, "minItems": 2,
"maxItems": 2}, "more_than_ago": {"$ref": "#/$defs/length"}, "since": {"$ref": "#/$defs/time"}, "before": {
"$ref": "#/$defs/time"}, "between": {"type": "array", "items": {"$ref": "#/$defs/time"}, "minItems": 2,
"maxItems": 2}, "calendar": {"enum": ["today", "this week", "this month"]}}, "required": ["steps"],
"additionalProperties": false, "dependentSchemas": {"last": {"properties": {"between_ago": false,
"more_than_ago": false, "since": false, "before": false, "between": false, "calendar": false}},
"between_ago": {"properties": {"last": false, "more_than_ago": false, "since": false, "before": false,
"between": false, "calendar": false}}, "more_than_ago": {"properties": {"last": false, "between_ago"
: false, "since": false, "before": false, "between": false, "calendar": false}}, "since": {"properties": {
"last": false, "between_ago": false, "more_than_ago": false, "before": false, "between": false, "calendar"
: false}}, "before": {"properties": {"last": false, "between_ago": false, "more_than_ago": false, "since"
: false, "between": false, "calendar": false}}, "between": {"properties": {"last": false, "between_ago"
: false, "more_than_ago": false, "since": false, "before": false, "calendar": false}}, "calendar": {
"properties": {"last": false, "between_ago": false, "more_than_ago": false, "since": false, "before"
: false, "between": false}}}}}, "required": ["sequence"], "additionalProperties": false}, {"type": "object"
, "properties": {"abandoned": {"type": "object", "properties": {"first": {"$ref": "#/$defs/event"}, "then"
: {"$ref": "#/$defs/event"}, "within": {"$ref": "#/$defs/length"}, "last": {"$ref": "#/$defs/length"},
"between_ago": {"type": "array", "items": {"$ref": "#/$defs/length"}, "minItems": 2, "maxItems": 2},
"more_than_ago": {"$ref": "#/$defs/length"}, "since": {"$ref": "#/$defs/time"}, "before": {"$ref":
"#/$defs/time"}, "between": {"type": "array", "items": {"$ref": "#/$defs/time"}, "minItems": 2, "maxItems"
: 2}, "calendar": {"enum": ["today", "this week", "this month"]}}, "required": ["first", "then", "within"],
"additionalProperties": false, "dependentSchemas": {"last": {"properties": {"between_ago": false,
"more_than_ago": false, "since": false, "before": false, "between": false, "calendar": false}},
"between_ago": {"properties": {"last": false, "more_than_ago": false, "since": false, "before": false,
"between": false, "calendar": false}}, "more_than_ago": {"properties": {"last": false, "between_ago"
: false, "since": false, "before": false, "between": false, "calendar": false}}, "since": {"properties": {
"last": false, "between_ago": false, "more_than_ago": false, "before": false, "between": false, "calendar"
: false}}, "before": {"properties": {"last": false, "between_ago": false, "more_than_ago": false, "since"
: false, "between": false, "calendar": false}}, "between": {"properties": {"last": false, "between_ago"
: false, "more_than_ago": false, "since": false, "before": false, "calendar": false}}, "calendar": {
"properties": {"last": false, "between_ago": false, "more_than_ago": false, "since": false, "before"
: false, "between": false}}}}}, "required": ["abandoned"], "additionalProperties": false}, {"type": "object"
, "properties": {"within": {"type": "object", "properties": {"distance": {"type": "string", "pattern":
"^[0-9.]+ (meters?|kilometers?|feet|foot|miles?)$"}, "latitude": {"type": "number", "minimum": -90,
"maximum": 90}, "longitude": {"type": "number", "minimum": -180, "maximum": 180}}, "required": ["distance",
"latitude", "longitude"], "additionalProperties": false}}, "required": ["within"], "additionalProperties"
: false}]},
"trait": {"type": "object", "properties": {"trait": {"$ref": "#/$defs/names"}, "op": {"type": "string"},
"value": {}}, "required": ["trait", "op"], "additionalProperties": false, "anyOf": [{"$ref":
"#/$defs/value_test"}, {"$ref": "#/$defs/trait_time_test"}]},
"where": {"anyOf": [{"type": "boolean"}, {"type": "object", "properties": {"and": {"type": "array", "items"
: {"$ref": "#/$defs/where"}, "minItems": 1}}, "required": ["and"], "additionalProperties": false}, {"type":
"object", "properties": {"or": {"type": "array", "items": {"$ref": "#/$defs/where"}, "minItems": 1}},
"required": ["or"], "additionalProperties": false}, {"type": "object", "properties": {"not": {"$ref":
"#/$defs/where"}}, "required": ["not"], "additionalProperties": false}, {"type": "object", "properties": {
"property": {"$ref": "#/$defs/names"}, "op": {"type": "string"}, "value": {}}, "required": ["property", "op"
], "additionalProperties": false, "anyOf": [{"$ref": "#/$defs/value_test"}]}, {"type": "object",
"properties": {"context": {"$ref": "#/$defs/names"}, "op": {"type": "string"}, "value": {}}, "required": [
"context", "op"], "additionalProperties": false, "anyOf": [{"$ref": "#/$defs/value_test"}]}]},
"number": {"anyOf": [{"type": "number"}, {"type": "object", "properties": {"trait": {"$ref": "#/$defs/names"
}}, "required": ["trait"], "additionalProperties": false}, {"type": "object", "properties": {"count": {
"$ref": "#/$defs/events"}}, "required": ["count"], "additionalProperties": false}, {"type": "object",
"properties": {"days": {"$ref": "#/$defs/events"}}, "required": ["days"], "additionalProperties": false}, {
"type": "object", "properties": {"sum": {"$ref": "#/$defs/measured"}}, "required": ["sum"],
"additionalProperties": false}, {"type": "object", "properties": {"avg": {"$ref": "#/$defs/measured"}},
"required": ["avg"], "additionalProperties": false}, {"type": "object", "properties": {"min": {"$ref":
"#/$defs/measured"}}, "required": ["min"], "additionalProperties": false}, {"type": "object", "properties"
: {"max": {"$ref": "#/$defs/measured"}}, "required": ["max"], "additionalProperties": false}, {"type":
"object", "properties": {"distinct": {"$ref": "#/$defs/measured"}}, "required": ["distinct"],
"additionalProperties": false}, {"type": "object", "properties": {"+": {"type": "array", "items": {"$ref":
"#/$defs/number"}, "minItems": 2, "maxItems": 2}}, "required": ["+"], "additionalProperties": false}, {
"type": "object", "properties": {"-": {"type": "array", "items": {"$ref": "#/$defs/number"}, "minItems": 2,
"maxItems": 2}}, "required": ["-"], "additionalProperties": false}, {"type": "object", "properties": {"*": {
"type": "array", "items": {"$ref": "#/$defs/number"}, "minItems": 2, "maxItems": 2}}, "required": ["*"],
"additionalProperties": false}, {"type": "object", "properties": {"/": {"type": "array", "items": {"$ref":
"#/$defs/number"}, "minItems": 2, "maxItems": 2}}, "required": ["/"], "additionalProperties": false}]},
"events": {"type": "object", "properties": {"event": {"$ref": "#/$defs/name"}, "any": {"const": true},
"where": {"$ref": "#/$defs/where"}, "last": {"$ref": "#/$defs/length"}, "between_ago": {"type": "array",
"items": {"$ref": "#/$defs/length"}, "minItems": 2, "maxItems": 2}, "more_than_ago": {"$ref":
"#/$defs/length"}, "since": {"$ref": "#/$defs/time"}, "before": {"$ref": "#/$defs/time"}, "between": {"type"
: "array", "items": {"$ref": "#/$defs/time"}, "minItems": 2, "maxItems": 2}, "calendar": {"enum": ["today",
"this week", "this month"]}}, "required": [], "additionalProperties": false, "allOf": [{"oneOf": [{
"required": ["event"]}, {"required": ["any"]}]}], "dependentSchemas": {"last": {"properties": {"between_ago"
: false, "more_than_ago": false, "since": false, "before": false, "between": false, "calendar": false}},
"between_ago": {"properties": {"last": false, "more_than_ago": false, "since": false, "before": false,
"between": false, "calendar": false}}, "more_than_ago": {"properties": {"last": false, "between_ago"
: false, "since": false, "before": false, "between": false, "calendar": false}}, "since": {"properties": {
"last": false, "between_ago": false, "more_than_ago": false, "before": false, "between": false, "calendar"
: false}}, "before": {"properties": {"last": false, "between_ago": false, "more_than_ago": false, "since"
: false, "between": false, "calendar": false}}, "between": {"properties": {"last": false, "between_ago"
: false, "more_than_ago": false, "since": false, "before": false, "calendar": false}}, "calendar": {
"properties": {"last": false, "between_ago": false, "more_than_ago": false, "since": false, "before"
: false, "between": false}}}},
"measured": {"type": "object", "properties": {"event": {"$ref": "#/$defs/name"}, "any": {"const": true},
"where": {"$ref": "#/$defs/where"}, "property": {"$ref": "#/$defs/names"}, "context": {"$ref":
"#/$defs/names"}, "last": {"$ref": "#/$defs/length"}, "between_ago": {"type": "array", "items": {"$ref":
"#/$defs/length"}, "minItems": 2, "maxItems": 2}, "more_than_ago": {"$ref": "#/$defs/length"}, "since": {
"$ref": "#/$defs/time"}, "before": {"$ref": "#/$defs/time"}, "between": {"type": "array", "items": {"$ref":
"#/$defs/time"}, "minItems": 2, "maxItems": 2}, "calendar": {"enum": ["today", "this week", "this month"
]}}, "required": [], "additionalProperties": false, "allOf": [{"oneOf": [{"required": ["event"]}, {
"required": ["any"]}]}, {"oneOf": [{"required": ["property"]}, {"required": ["context"]}]}],
"dependentSchemas": {"last": {"properties": {"between_ago": false, "more_than_ago": false, "since": false,
"before": false, "between": false, "calendar": false}}, "between_ago": {"properties": {"last": false,
"more_than_ago": false, "since": false, "before": false, "between": false, "calendar": false}},
"more_than_ago": {"properties": {"last": false, "between_ago": false, "since": false, "before": false,
"between": false, "calendar": false}}, "since": {"properties": {"last": false, "between_ago": false,
"more_than_ago": false, "before": false, "between": false, "calendar": false}}, "before": {"properties": {
"last": false, "between_ago": false, "more_than_ago": false, "since": false, "between": false, "calendar"
: false}}, "between": {"properties": {"last": false, "between_ago": false, "more_than_ago": false, "since"
: false, "before": false, "calendar": false}}, "calendar": {"properties": {"last": false, "between_ago"
: false, "more_than_ago": false, "since": false, "before": false, "between": false}}}},
"event": {"type": "object", "properties": {"event": {"$ref": "#/$defs/name"}, "any": {"const": true},
"where": {"$ref": "#/$defs/where"}}, "required": [], "additionalProperties": false, "allOf": [{"oneOf": [{
"required": ["event"]}, {"required": ["any"]}]}]},
"step": {"type": "object", "properties": {"event": {"$ref": "#/$defs/name"}, "any": {"const": true}, "where"
: {"$ref": "#/$defs/where"}, "gap": {"$ref": "#/$defs/length"}}, "required": [], "additionalProperties"
: false, "allOf": [{"oneOf": [{"required": ["event"]}, {"required": ["any"]}]}]},
"window": {"type": "object", "properties": {"last": {"$ref": "#/$defs/length"}, "between_ago": {"type":
"array", "items": {"$ref": "#/$defs/length"}, "minItems": 2, "maxItems": 2}, "more_than_ago": {"$ref":
"#/$defs/length"}, "since": {"$ref": "#/$defs/time"}, "before": {"$ref": "#/$defs/time"}, "between": {"type"
: "array", "items": {"$ref": "#/$defs/time"}, "minItems": 2, "maxItems": 2}, "calendar": {"enum": ["today",
"this week", "this month"]}}, "required": [], "additionalProperties": false, "dependentSchemas": {"last": {
"properties": {"between_ago": false, "more_than_ago": false, "since": false, "before": false, "between"
: false, "calendar": false}}, "between_ago": {"properties": {"last": false, "more_than_ago": false, "since"
: false, "before": false, "between": false, "calendar": false}}, "more_than_ago": {"properties": {"last"
: false, "between_ago": false, "since": false, "before": false, "between": false, "calendar": false}},
"since": {"properties": {"last": false, "between_ago": false, "more_than_ago": false, "before": false,
"between": false, "calendar": false}}, "before": {"properties": {"last": false, "between_ago": false,
"more_than_ago": false, "since": false, "between": false, "calendar": false}}, "between": {"properties": {
"last": false, "between_ago": false, "more_than_ago": false, "since": false, "before": false, "calendar"
: false}}, "calendar": {"properties": {"last": false, "between_ago": false, "more_than_ago": false, "since"
: false, "before": false, "between": false}}}},
"value_test": {"anyOf": [{"properties": {"op": {"enum": ["=", "<>", "!=", "<", "<=", ">", ">=", "contains",
"not contains"]}, "value": {"$ref": "#/$defs/literal"}}, "required": ["op", "value"]}, {"properties": {"op"
: {"enum": ["like", "not like", "ilike", "not ilike", "matches", "not matches"]}, "value": {"type": "string"
}}, "required": ["op", "value"]}, {"properties": {"op": {"enum": ["between", "not between"]}, "value": {
"type": "array", "items": {"$ref": "#/$defs/literal"}, "minItems": 2, "maxItems": 2}}, "required": ["op",
"value"]}, {"properties": {"op": {"enum": ["in", "not in"]}, "value": {"type": "array", "items": {"$ref":
"#/$defs/literal"}, "minItems": 1}}, "required": ["op", "value"]}, {"properties": {"op": {"enum": ["is null"
, "is not null"]}, "value": false}}]},
"number_test": {"anyOf": [{"properties": {"op": {"enum": ["=", "<>", "!=", "<", "<=", ">", ">="]}, "value"
: {"type": "number"}}, "required": ["op", "value"]}, {"properties": {"op": {"enum": ["between",
"not between"]}, "value": {"type": "array", "items": {"type": "number"}, "minItems": 2, "maxItems": 2}},
"required": ["op", "value"]}, {"properties": {"op": {"enum": ["in", "not in"]}, "value": {"type": "array",
"items": {"type": "number"}, "minItems": 1}}, "required": ["op", "value"]}]},
"time_test": {"anyOf": [{"properties": {"op": {"enum": ["in last", "more than ago"]}, "value": {"$ref":
"#/$defs/length"}}, "required": ["op", "value"]}, {"properties": {"op": {"enum": ["between ago"]}, "value"
: {"type": "array", "items": {"$ref": "#/$defs/length"}, "minItems": 2, "maxItems": 2}}, "required": ["op",
"value"]}, {"properties": {"op": {"enum": ["since", "before", "after"]}, "value": {"$ref": "#/$defs/time"
}}, "required": ["op", "value"]}, {"properties": {"op": {"enum": ["between"]}, "value": {"type": "array",
"items": {"$ref": "#/$defs/time"}, "minItems": 2, "maxItems": 2}}, "required": ["op", "value"]}, {
"properties": {"op": {"enum": ["calendar"]}, "value": {"enum": ["today", "this week", "this month"]}},
"required": ["op", "value"]}]},
"trait_time_test": {"anyOf": [{"properties": {"op": {"enum": ["in last", "in next", "more than ago"]},
"value": {"$ref": "#/$defs/length"}}, "required": ["op", "value"]}, {"properties": {"op": {"enum": ["before"
, "after"]}, "value": {"$ref": "#/$defs/time"}}, "required": ["op", "value"]}]},
"name": {"type": "string", "minLength": 1},
"names": {"type": "array", "items": {"$ref": "#/$defs/name"}, "minItems": 1},
"literal": {"type": ["string", "number", "boolean", "null"]},
"length": {"type": "string", "pattern": "^[0-9]+ (second|minute|hour|day|week)s?$"},
"time": {"type": "string"}
}
})json";
  // clang-format on
  return kSchema;
}

}  // namespace cdp::rule
