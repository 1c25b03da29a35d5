#include "base/error.hpp"
#include "event/schema.hpp"

#include <gtest/gtest.h>

namespace cdp::event {
namespace {

std::vector<Violation> check(const std::string& schema, const std::string& value) {
  return Schema(parse_json(schema)).check(parse_json(value));
}

/// The violations as "pointer keyword", one after the other.
std::string faults(const std::string& schema, const std::string& value) {
  std::string text;
  for (const Violation& violation : check(schema, value))
    text += (text.empty() ? "" : ", ") + violation.pointer + " " + violation.keyword;
  return text;
}

/// What is said of a schema that is refused: message and detail.
std::string refusal(const std::string& schema) {
  try {
    const Schema compiled(parse_json(schema));
  } catch (const Error& error) {
    return error.message() + ": " + error.detail();
  }
  return "taken";
}

struct Case {
  const char* schema;
  const char* value;
  bool is_valid;
};

void expect(std::initializer_list<Case> cases) {
  for (const Case& one : cases)
    EXPECT_EQ(check(one.schema, one.value).empty(), one.is_valid) << one.schema << " on " << one.value;
}

// The numbers are the sections of draft-handrews-json-schema-validation-01, from which what is expected
// follows.

TEST(Schema, KnowsTypes) {  // 6.1.1
  expect({{R"({"type":"integer"})", "1", true},
          {R"({"type":"integer"})", "1.0", true},
          {R"({"type":"integer"})", "1e40", true},
          {R"({"type":"integer"})", "1.5", false},
          {R"({"type":"integer"})", "12345678901234567890.5", false},
          {R"({"type":"integer"})", "\"1\"", false},
          {R"({"type":"number"})", "1.5", true},
          {R"({"type":"number"})", "1", true},
          {R"({"type":"number"})", "\"1\"", false},
          {R"({"type":"string"})", "\"\"", true},
          {R"({"type":"string"})", "1", false},
          {R"({"type":"boolean"})", "false", true},
          {R"({"type":"boolean"})", "0", false},
          {R"({"type":"null"})", "null", true},
          {R"({"type":"null"})", "false", false},
          {R"({"type":"array"})", "[]", true},
          {R"({"type":"array"})", "{}", false},
          {R"({"type":"object"})", "{}", true},
          {R"({"type":"object"})", "[]", false},
          {R"({"type":["string","null"]})", "null", true},
          {R"({"type":["string","null"]})", "1", false}});
}

TEST(Schema, ComparesWithEnumAndConst) {  // 6.1.2, 6.1.3
  expect({{R"({"enum":[1,"a",null,[1],{"a":1}]})", "1.0", true},
          {R"({"enum":[1,"a",null,[1],{"a":1}]})", "{\"a\":1.00}", true},
          {R"({"enum":[1,"a",null,[1],{"a":1}]})", "[1,1]", false},
          {R"({"enum":["true"]})", "true", false},
          {R"({"const":{"a":1,"b":2}})", "{\"b\":2,\"a\":1}", true},
          {R"({"const":{"a":1,"b":2}})", "{\"a\":1}", false},
          {R"({"const":null})", "null", true},
          {R"({"const":null})", "0", false},
          {R"({"const":9007199254740993})", "9007199254740992", false},
          {R"({"const":false})", "0", false}});
}

TEST(Schema, ComparesNumbersExactly) {  // 6.2
  expect({{R"({"minimum":1.1})", "1.1", true},
          {R"({"minimum":1.1})", "1.09999999999999999999", false},
          {R"({"maximum":9007199254740992})", "9007199254740993", false},
          {R"({"maximum":3})", "\"4\"", true},
          {R"({"exclusiveMinimum":3})", "3.0", false},
          {R"({"exclusiveMinimum":3})", "3.000000000000000000001", true},
          {R"({"exclusiveMaximum":3})", "3", false},
          {R"({"exclusiveMaximum":3})", "2.999999999999999999999", true},
          {R"({"multipleOf":2})", "7", false},
          {R"({"multipleOf":2})", "10", true},
          {R"({"multipleOf":2})", "10.5", false},
          {R"({"multipleOf":1.5})", "4.5", true},
          {R"({"multipleOf":0.01})", "19.99", true},
          {R"({"multipleOf":0.01})", "4.35", true},
          {R"({"multipleOf":0.01})", "19.999", false},
          {R"({"multipleOf":0.01})", "19.9900", true},
          {R"({"multipleOf":0.0001})", "0.00751", false},
          {R"({"multipleOf":0.0001})", "0.0075", true},
          {R"({"multipleOf":0.123456789})", "1e400", false},
          {R"({"multipleOf":0.5})", "1e400", true},
          {R"({"multipleOf":3})", "-9", true},
          {R"({"multipleOf":3})", "0", true},
          {R"({"multipleOf":100})", "100200300400500600700800900", true},
          {R"({"multipleOf":7})", "\"8\"", true}});
}

TEST(Schema, MeasuresTexts) {  // 6.3
  expect({{R"({"minLength":2})", "\"é\"", false},
          {R"({"minLength":2.0})", "\"éé\"", true},
          {R"({"maxLength":2})", "\"💩💩\"", true},
          {R"({"maxLength":2})", "\"abc\"", false},
          {R"({"maxLength":0})", "17", true},
          {R"({"pattern":"^a*$"})", "\"aaa\"", true},
          {R"({"pattern":"^a*$"})", "\"ab\"", false},
          {R"({"pattern":"b+"})", "\"abbc\"", true},
          {R"({"pattern":"^.$"})", "\"é\"", true},
          {R"({"pattern":"^\\d{4}-\\d\\d$"})", "\"2025-01\"", true},
          {R"({"pattern":"^\\d{4}-\\d\\d$"})", "\"2025-1\"", false},
          {R"({"pattern":"^\\u00e9\\/$"})", "\"é/\"", true},
          {R"({"pattern":"^x"})", "{}", true}});
}

TEST(Schema, LooksIntoArrays) {  // 6.4
  expect({{R"({"items":{"type":"integer"}})", "[1,2]", true},
          {R"({"items":{"type":"integer"}})", "[1,\"2\"]", false},
          {R"({"items":false})", "[]", true},
          {R"({"items":false})", "[1]", false},
          {R"({"items":[{"type":"integer"},{"type":"string"}]})", "[1,\"a\",null]", true},
          {R"({"items":[{"type":"integer"},{"type":"string"}]})", "[1]", true},
          {R"({"items":[{"type":"integer"},{"type":"string"}]})", "[\"a\"]", false},
          {R"({"items":[{}],"additionalItems":{"type":"integer"}})", "[null,1,2]", true},
          {R"({"items":[{}],"additionalItems":{"type":"integer"}})", "[null,1,\"2\"]", false},
          {R"({"items":[{},{}],"additionalItems":false})", "[1,2]", true},
          {R"({"items":[{},{}],"additionalItems":false})", "[1,2,3]", false},
          {R"({"items":{},"additionalItems":false})", "[1,2,3]", true},
          {R"({"additionalItems":false})", "[1]", true},
          {R"({"minItems":1})", "[]", false},
          {R"({"minItems":1})", "[1]", true},
          {R"({"maxItems":1})", "[1,2]", false},
          {R"({"maxItems":1})", "\"ab\"", true},
          {R"({"uniqueItems":true})", "[1,2,\"1\"]", true},
          {R"({"uniqueItems":true})", "[1,2,1.00]", false},
          {R"({"uniqueItems":true})", R"([{"a":1,"b":2},{"b":2,"a":1.0}])", false},
          {R"({"uniqueItems":true})", R"([[1],[1,1],[-1]])", true},
          {R"({"uniqueItems":true})", R"(["1,2",["1","2"],{"1":"2"}])", true},
          {R"({"uniqueItems":false})", "[1,1]", true},
          {R"({"contains":{"minimum":5}})", "[3,5]", true},
          {R"({"contains":{"minimum":5}})", "[3,4]", false},
          {R"({"contains":{"minimum":5}})", "[]", false},
          {R"({"contains":{"minimum":5}})", "{}", true}});
}

TEST(Schema, LooksIntoObjects) {  // 6.5
  expect(
      {{R"({"properties":{"a":{"type":"integer"}}})", R"({"a":1,"b":"x"})", true},
       {R"({"properties":{"a":{"type":"integer"}}})", R"({"a":"x"})", false},
       {R"({"properties":{"a":false}})", R"({"a":1})", false},
       {R"({"properties":{"a":{}},"additionalProperties":false})", R"({"a":1})", true},
       {R"({"properties":{"a":{}},"additionalProperties":false})", R"({"a":1,"b":1})", false},
       {R"({"additionalProperties":{"type":"boolean"}})", R"({"b":true})", true},
       {R"({"additionalProperties":{"type":"boolean"}})", R"({"b":1})", false},
       {R"({"patternProperties":{"^n_":{"type":"number"}}})", R"({"n_a":1,"s":"x"})", true},
       {R"({"patternProperties":{"^n_":{"type":"number"}}})", R"({"n_a":"1"})", false},
       {R"({"properties":{"n_a":{"minimum":5}},"patternProperties":{"^n_":{"maximum":7},"a$":{"multipleOf":2}}})",
        R"({"n_a":6})", true},
       {R"({"properties":{"n_a":{"minimum":5}},"patternProperties":{"^n_":{"maximum":7},"a$":{"multipleOf":2}}})",
        R"({"n_a":4})", false},
       {R"({"properties":{"n_a":{"minimum":5}},"patternProperties":{"^n_":{"maximum":7},"a$":{"multipleOf":2}}})",
        R"({"n_a":8})", false},
       {R"({"properties":{"n_a":{"minimum":5}},"patternProperties":{"^n_":{"maximum":7},"a$":{"multipleOf":2}}})",
        R"({"n_a":7})", false},
       {R"({"patternProperties":{"^n_":{}},"additionalProperties":false})", R"({"n_a":1})", true},
       {R"({"patternProperties":{"^n_":{}},"additionalProperties":false})", R"({"m_a":1})", false},
       {R"({"required":["a","b"]})", R"({"a":null,"b":1})", true},
       {R"({"required":["a","b"]})", R"({"a":1})", false},
       {R"({"required":["a"]})", "[]", true},
       {R"({"minProperties":1})", "{}", false},
       {R"({"minProperties":1})", R"({"a":1})", true},
       {R"({"maxProperties":1})", R"({"a":1,"b":1})", false},
       {R"({"propertyNames":{"maxLength":3}})", R"({"abc":1})", true},
       {R"({"propertyNames":{"maxLength":3}})", R"({"abcd":1})", false},
       {R"({"propertyNames":false})", "{}", true},
       {R"({"propertyNames":false})", R"({"a":1})", false},
       {R"({"dependencies":{"a":["b","c"]}})", R"({"a":1,"b":1,"c":1})", true},
       {R"({"dependencies":{"a":["b","c"]}})", R"({"a":1,"b":1})", false},
       {R"({"dependencies":{"a":["b","c"]}})", R"({"b":1})", true},
       {R"({"dependencies":{"a":{"required":["x"]},"b":{"required":["y"]}}})", R"({"a":1,"x":1})", true},
       {R"({"dependencies":{"a":{"required":["x"]},"b":{"required":["y"]}}})", R"({"b":1,"y":1})", true},
       {R"({"dependencies":{"a":{"required":["x"]},"b":{"required":["y"]}}})", R"({"b":1,"x":1})", false},
       {R"({"dependencies":{"a":false}})", R"({"a":1})", false}});
}

TEST(Schema, AppliesConditionsAndCombinations) {  // 6.6, 6.7
  const char* conditional = R"({"if":{"properties":{"kind":{"const":"a"}},"required":["kind"]},
      "then":{"required":["x"]},"else":{"required":["y"]}})";
  expect({{conditional, R"({"kind":"a","x":1})", true},
          {conditional, R"({"kind":"a","y":1})", false},
          {conditional, R"({"kind":"b","y":1})", true},
          {conditional, R"({"x":1})", false},
          {R"({"if":{"maximum":0},"then":false})", "1", true},
          {R"({"if":{"maximum":0},"then":false})", "-1", false},
          {R"({"then":false,"else":false})", "1", true},
          {R"({"allOf":[{"minimum":1},{"maximum":3}]})", "2", true},
          {R"({"allOf":[{"minimum":1},{"maximum":3}]})", "4", false},
          {R"({"anyOf":[{"type":"string"},{"minimum":3}]})", "\"a\"", true},
          {R"({"anyOf":[{"type":"string"},{"minimum":3}]})", "3", true},
          {R"({"anyOf":[{"type":"string"},{"minimum":3}]})", "2", false},
          {R"({"oneOf":[{"multipleOf":3},{"multipleOf":5}]})", "9", true},
          {R"({"oneOf":[{"multipleOf":3},{"multipleOf":5}]})", "15", false},
          {R"({"oneOf":[{"multipleOf":3},{"multipleOf":5}]})", "7", false},
          {R"({"not":{"type":"string"}})", "1", true},
          {R"({"not":{"type":"string"}})", "\"1\"", false},
          {"true", "1", true},
          {"false", "1", false},
          {"{}", "null", true}});
}

TEST(Schema, FollowsReferencesWithinItself) {  // 8.3 of draft-handrews-json-schema-01
  const char* tree = R"({"properties":{"value":{"type":"integer"},"children":{"items":{"$ref":"#"}}},
      "additionalProperties":false})";
  expect(
      {{tree, R"({"value":1,"children":[{"value":2,"children":[]},{}]})", true},
       {tree, R"({"value":1,"children":[{"value":2,"children":[{"x":1}]}]})", false},
       {R"({"definitions":{"a/b":{"type":"integer"}},"items":{"$ref":"#/definitions/a~1b"}})", "[1]", true},
       {R"({"definitions":{"a/b":{"type":"integer"}},"items":{"$ref":"#/definitions/a%7E1b"}})", "[\"x\"]",
        false},
       {R"({"definitions":{"c%d":{"type":"integer"}},"items":{"$ref":"#/definitions/c%25d"}})", "[\"x\"]",
        false},
       {R"({"items":[{"type":"integer"},{"$ref":"#/items/0"}]})", "[1,\"x\"]", false},
       {R"({"definitions":{"a":{"$ref":"#/definitions/b"},"b":{"minimum":3}},"$ref":"#/definitions/a"})", "2",
        false},
       {R"({"definitions":{"a":{}},"properties":{"x":{"$ref":"#/definitions/a","type":"integer"}}})",
        R"({"x":"text"})", true},
       {R"({"properties":{"$ref":{"type":"integer"}}})", R"({"$ref":"a"})", false},
       {R"({"odd":{"type":"integer"},"items":{"$ref":"#/odd"}})", "[\"x\"]", false}});
}

TEST(Schema, ChecksFormats) {  // 7.3
  const auto format = [](const char* name, const char* text) {
    return check("{\"format\":\"" + std::string(name) + "\"}", Json(text).dump()).empty();
  };
  for (const auto& [name, text] : std::initializer_list<std::pair<const char*, const char*>>{
           {"date-time", "2025-01-31T23:59:60.5Z"},
           {"date-time", "1990-12-31t15:59:59-08:00"},
           {"date", "2024-02-29"},
           {"date", "2000-02-29"},
           {"time", "08:30:06.283185Z"},
           {"time", "08:30:06+00:20"},
           {"email", "joe.bloggs+x@example.com"},
           {"hostname", "www.example-1.com"},
           {"ipv4", "192.168.0.1"},
           {"ipv6", "::ffff:192.168.0.1"},
           {"uri", "http://foo.bar/?baz=qux#quux"},
           {"uri", "urn:oasis:names:a%20b"},
           {"uuid", "2EB8AA08-aa98-11ea-b4aa-73b441d16380"},
           {"colour", "anything"}})
    EXPECT_TRUE(format(name, text)) << name << " " << text;
  for (const auto& [name, text] : std::initializer_list<std::pair<const char*, const char*>>{
           {"date-time", "2025-01-31 23:59:59Z"},
           {"date-time", "2025-01-31T23:59:59"},
           {"date-time", "2025-02-30T00:00:00Z"},
           {"date", "2023-02-29"},
           {"date", "1900-02-29"},
           {"date", "2025-1-01"},
           {"date", "2025-04-31"},
           {"date", "2025-13-01"},
           {"time", "24:00:00Z"},
           {"time", "12:00:00.Z"},
           {"time", "12:00:00"},
           {"email", "joe"},
           {"email", "joe@-example.com"},
           {"email", ".joe@example.com"},
           {"hostname", "a..b"},
           {"hostname", "-a"},
           {"ipv4", "256.1.1.1"},
           {"ipv4", "1.1.1"},
           {"ipv6", "12345::"},
           {"uri", "/relative"},
           {"uri", "http://a b"},
           {"uri", "http://a%zz"},
           {"uuid", "2eb8aa08aa9811eab4aa73b441d16380"}})
    EXPECT_FALSE(format(name, text)) << name << " " << text;
  EXPECT_TRUE(check(R"({"format":"date"})", "20250101").empty());
}

TEST(Schema, SaysWhereAndByWhichKeyword) {
  const char* order =
      R"({"properties":{"total":{"type":"number","minimum":0},"currency":{"enum":["EUR","NOK"]},
      "items":{"items":{"required":["sku"],"properties":{"price":{"type":"number"}}}},"a/b~c":{"maxLength":1}},
      "required":["total","currency"],"additionalProperties":false})";
  EXPECT_EQ(faults(order, R"({"total":1,"currency":"EUR"})"), "");
  EXPECT_EQ(faults(order, R"({"total":-1})"), " required, /total minimum");
  EXPECT_EQ(faults(order, R"({"total":"1","currency":"USD","note":1})"),
            "/total type, /currency enum, /note additionalProperties");
  EXPECT_EQ(faults(order, R"({"total":1,"currency":"EUR","items":[{"sku":1},{"price":"x"}]})"),
            "/items/1 required, /items/1/price type");
  EXPECT_EQ(faults(order, R"({"total":1,"currency":"EUR","a/b~c":"xy"})"), "/a~1b~0c maxLength");
  EXPECT_EQ(
      faults(R"({"allOf":[{"properties":{"a":{"anyOf":[{"minimum":3},{"type":"null"}]}}}]})", R"({"a":1})"),
      "/a anyOf");
  EXPECT_EQ(faults(R"({"if":{"required":["a"]},"then":{"properties":{"b":false}}})", R"({"a":1,"b":2})"),
            "/b properties");
  EXPECT_EQ(
      faults(R"({"dependencies":{"a":["b"],"c":{"properties":{"a":{"minimum":5}}}}})", R"({"a":1,"c":2})"),
      " dependencies, /a minimum");
  EXPECT_EQ(faults(R"({"propertyNames":{"pattern":"^[a-z]+$"}})", R"({"a":1,"B":2})"), "/B propertyNames");
  EXPECT_EQ(faults(R"({"patternProperties":{"^n":{"type":"number"}}})", R"({"n1":"x"})"), "/n1 type");
  EXPECT_EQ(faults(R"({"items":[{}],"additionalItems":{"type":"null"}})", "[1,2,null,4]"),
            "/1 type, /3 type");

  const auto violations = check(order, R"({"currency":"EUR","items":[{"sku":1},{"price":"x"}],"odd":7})");
  ASSERT_EQ(violations.size(), 4U);
  EXPECT_EQ(violations[0].reason, "property \"total\" is missing");
  EXPECT_EQ(violations[0].property, "");
  EXPECT_EQ(violations[2].pointer, "/items/1/price");
  EXPECT_EQ(violations[2].place, "/items/*/price");
  EXPECT_EQ(violations[2].property, "items");
  EXPECT_EQ(violations[2].reason, R"("x" does not fit "type": "number")");
  EXPECT_EQ(violations[3].place, "/*");
  EXPECT_EQ(violations[3].property, "odd");
  EXPECT_EQ(violations[3].reason, "7 is not allowed at \"/odd\"");
}

TEST(Schema, RefusesWhatIsNoSchema) {
  EXPECT_EQ(refusal(R"({"type":"strng"})"),
            R"(schema is wrong at "/type": "strng" does not fit "enum": )"
            R"(["array","boolean","integer","null","number","object","string"])");
  EXPECT_EQ(refusal(R"({"properties":{"a":{"minimum":"3"}}})"),
            R"(schema is wrong at "/properties/a/minimum": "3" does not fit "type": "number")");
  EXPECT_EQ(refusal("[]"), R"(schema is wrong: [] does not fit "type": ["object","boolean"])");
  for (const char* schema : {R"({"required":"a"})",
                             R"({"required":["a","a"]})",
                             R"({"minLength":-1})",
                             R"({"minLength":1.5})",
                             R"({"exclusiveMinimum":true,"minimum":3})",
                             R"({"multipleOf":0})",
                             R"({"allOf":[]})",
                             R"({"items":[7]})",
                             R"({"properties":[]})",
                             R"({"type":[]})",
                             R"({"type":["string","string"]})",
                             R"({"enum":1})",
                             R"({"uniqueItems":1})",
                             R"({"dependencies":{"a":1}})",
                             R"({"not":1})",
                             R"({"pattern":1})",
                             R"({"format":1})",
                             R"({"$ref":1})",
                             R"({"if":3})",
                             R"({"definitions":{"a":3}})",
                             R"({"title":1})",
                             R"({"description":1})",
                             "7",
                             "null"})
    EXPECT_TRUE(refusal(schema).starts_with("schema is wrong")) << schema << " " << refusal(schema);
}

TEST(Schema, RefusesWhatItCouldNotCheck) {
  EXPECT_EQ(refusal(R"({"properties":{"a":{"pattern":"(a"}}})"),
            R"(schema is wrong at "/properties/a": regular expression: missing ): (a)");
  EXPECT_NE(refusal(R"({"pattern":"(?=a)b"})"), "taken");
  EXPECT_NE(refusal(R"({"pattern":"(a)\\1"})"), "taken");
  EXPECT_NE(refusal(R"({"patternProperties":{"[":{}}})"), "taken");
  EXPECT_NE(refusal("{\"pattern\":\"" + std::string(1001, 'a') + "\"}"), "taken");
  EXPECT_NE(refusal(R"x({"pattern":"((((a{100}){100}){100}){100})"})x"), "taken");
  EXPECT_NE(refusal(R"({"multipleOf":1234567890123456789})"), "taken");
  EXPECT_NE(refusal(R"({"maxLength":1e30})"), "taken");
  EXPECT_EQ(
      refusal(R"({"items":{"$ref":"http://example.com/a.json"}})"),
      "schema is wrong at \"/items/$ref\": \"http://example.com/a.json\" does not lead into the schema: "
      "give \"#\" or \"#/…\"");
  EXPECT_NE(refusal(R"({"definitions":{"unused":{"$ref":"#/definitions/none"}}})"), "taken");
  EXPECT_NE(refusal(R"({"$ref":"other.json#/a"})"), "taken");
  EXPECT_NE(refusal(R"({"$ref":"#name"})"), "taken");
  EXPECT_EQ(refusal(R"({"items":{"$ref":"#/definitions/none"}})"),
            "schema is wrong at \"/items/$ref\": \"#/definitions/none\" leads to nothing");
  EXPECT_NE(refusal(R"({"items":{"$ref":"#/odd"},"odd":{"minimum":"3"}})"), "taken");
  EXPECT_NE(refusal(R"({"items":{"$id":"x"}})"), "taken");
  EXPECT_NE(refusal(R"({"$schema":"https://json-schema.org/draft/2020-12/schema"})"), "taken");
  EXPECT_EQ(refusal(R"({"$schema":"http://json-schema.org/draft-07/schema#","$id":"x","unknown":[]})"),
            "taken");
}

TEST(Schema, RefusesCircles) {
  EXPECT_EQ(refusal(R"({"$ref":"#"})"), "schema is wrong: it refers to itself without going into the value");
  EXPECT_NE(refusal(R"({"definitions":{"a":{"$ref":"#/definitions/b"},"b":{"$ref":"#/definitions/a"}},
      "items":{"$ref":"#/definitions/a"}})"),
            "taken");
  for (const char* in_place :
       {R"({"allOf":[{"$ref":"#"}]})", R"({"anyOf":[{},{"$ref":"#"}]})", R"({"oneOf":[{"$ref":"#"}]})",
        R"({"not":{"$ref":"#"}})", R"({"if":{"$ref":"#"}})", R"({"if":{},"then":{"$ref":"#"}})",
        R"({"dependencies":{"a":{"$ref":"#"}}})"})
    EXPECT_NE(refusal(in_place), "taken") << in_place;
  for (const char* deeper : {R"({"items":{"$ref":"#"}})", R"({"contains":{"$ref":"#"}})",
                             R"({"additionalProperties":{"$ref":"#"}})", R"({"propertyNames":{"$ref":"#"}})"})
    EXPECT_EQ(refusal(deeper), "taken") << deeper;
}

TEST(Schema, EndsWhateverIsAsked) {
  const auto nested = [](const std::string& open, const std::string& core, const std::string& close,
                         int times) {
    std::string text;
    for (int i = 0; i < times; ++i) text += open;
    text += core;
    for (int i = 0; i < times; ++i) text += close;
    return text;
  };
  // Two ways at each of 60 levels.
  EXPECT_EQ(faults(R"({"anyOf":[{"items":{"$ref":"#"},"maxItems":1},{"items":{"$ref":"#"},"minItems":1}],
                       "type":"array"})",
                   nested("[", "1", "]", 60)),
            " limit");
  // Longer chains of references than the stack would bear.
  std::string chain = R"({"definitions":{"d900":{"type":"null"})";
  for (int i = 0; i < 900; ++i) {
    const std::string next = "{\"allOf\":[{\"$ref\":\"#/definitions/d" + std::to_string(i + 1) + "\"}]}";
    chain += ",\"d" + std::to_string(i) + "\":" + next;
  }
  EXPECT_EQ(faults(chain + "},\"$ref\":\"#/definitions/d0\"}", "null"), " limit");
  EXPECT_EQ(faults(nested(R"({"items":)", R"({"type":"null"})", "}", 50), nested("[", "1", "]", 50)),
            nested("/0", " type", "", 50));
  EXPECT_NE(
      Schema(parse_json(R"({"items":{"$ref":"#"}})")).check(parse_json(nested("[", "1", "]", 60))).size(),
      2U);
  EXPECT_THROW(Schema(parse_json("{\"const\":\"" + std::string(300000, 'x') + "\"}")), Error);
  // What would take a backtracking matcher for ever, and a recursive one the stack.
  const std::string text = "\"" + std::string(500000, 'a') + "!\"";
  EXPECT_EQ(faults(R"({"pattern":"^(a+)+$"})", text), " pattern");
  EXPECT_EQ(faults(R"({"pattern":"(a|a)*b$"})", text), " pattern");
  EXPECT_EQ(faults(R"({"format":"date"})", text), " format");
  // As many faults as are listed, and no more.
  std::string many = "[1";
  for (int i = 0; i < 50000; ++i) many += ",1";
  EXPECT_EQ(check(R"({"items":{"type":"null"}})", many + "]").size(), kMaxViolations);
  EXPECT_EQ(faults(R"({"uniqueItems":true})", many + "]"), " uniqueItems");
}

}  // namespace
}  // namespace cdp::event
