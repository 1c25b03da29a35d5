/// From a schema's JSON to a program, and what is refused on the way.

#include "base/error.hpp"
#include "event/schema_program.hpp"

#include <charconv>
#include <deque>
#include <unordered_map>
#include <unordered_set>

namespace cdp::event::schema {

namespace {

/// Draft 7's schema of schemas, without what says nothing about a schema's rightness. That regular
/// expressions are such shows when they are compiled.
constexpr std::string_view kSchemaOfSchemas = R"({
  "definitions": {
    "schemaArray": {"type": "array", "minItems": 1, "items": {"$ref": "#"}},
    "nonNegativeInteger": {"type": "integer", "minimum": 0},
    "simpleType": {"enum": ["array", "boolean", "integer", "null", "number", "object", "string"]},
    "stringArray": {"type": "array", "items": {"type": "string"}, "uniqueItems": true},
    "schemas": {"type": "object", "additionalProperties": {"$ref": "#"}}
  },
  "type": ["object", "boolean"],
  "properties": {
    "$id": {"type": "string"},
    "$schema": {"type": "string"},
    "$ref": {"type": "string"},
    "$comment": {"type": "string"},
    "title": {"type": "string"},
    "description": {"type": "string"},
    "readOnly": {"type": "boolean"},
    "examples": {"type": "array"},
    "multipleOf": {"type": "number", "exclusiveMinimum": 0},
    "maximum": {"type": "number"},
    "exclusiveMaximum": {"type": "number"},
    "minimum": {"type": "number"},
    "exclusiveMinimum": {"type": "number"},
    "maxLength": {"$ref": "#/definitions/nonNegativeInteger"},
    "minLength": {"$ref": "#/definitions/nonNegativeInteger"},
    "pattern": {"type": "string"},
    "additionalItems": {"$ref": "#"},
    "items": {"if": {"type": "array"}, "then": {"$ref": "#/definitions/schemaArray"}, "else": {"$ref": "#"}},
    "maxItems": {"$ref": "#/definitions/nonNegativeInteger"},
    "minItems": {"$ref": "#/definitions/nonNegativeInteger"},
    "uniqueItems": {"type": "boolean"},
    "contains": {"$ref": "#"},
    "maxProperties": {"$ref": "#/definitions/nonNegativeInteger"},
    "minProperties": {"$ref": "#/definitions/nonNegativeInteger"},
    "required": {"$ref": "#/definitions/stringArray"},
    "additionalProperties": {"$ref": "#"},
    "definitions": {"$ref": "#/definitions/schemas"},
    "properties": {"$ref": "#/definitions/schemas"},
    "patternProperties": {"$ref": "#/definitions/schemas"},
    "dependencies": {"type": "object", "additionalProperties": {
        "if": {"type": "array"}, "then": {"$ref": "#/definitions/stringArray"}, "else": {"$ref": "#"}}},
    "propertyNames": {"$ref": "#"},
    "const": true,
    "enum": {"type": "array"},
    "type": {
      "if": {"type": "array"},
      "then": {"minItems": 1, "uniqueItems": true, "items": {"$ref": "#/definitions/simpleType"}},
      "else": {"$ref": "#/definitions/simpleType"}
    },
    "format": {"type": "string"},
    "if": {"$ref": "#"},
    "then": {"$ref": "#"},
    "else": {"$ref": "#"},
    "allOf": {"$ref": "#/definitions/schemaArray"},
    "anyOf": {"$ref": "#/definitions/schemaArray"},
    "oneOf": {"$ref": "#/definitions/schemaArray"},
    "not": {"$ref": "#"}
  }
})";

[[noreturn]] void refuse(const std::string& pointer, const std::string& problem) {
  throw Error(Category::BadValue,
              pointer.empty() ? std::string("schema is wrong") : "schema is wrong at \"" + pointer + "\"",
              problem, "Schemas are JSON Schema, draft 7; docs/events.md says what is understood.");
}

/// Refuses what would take more stack than a check may.
void check_depth(const Json& schema) {
  std::vector<std::pair<const Json*, int>> open{{&schema, 1}};
  while (!open.empty()) {
    const auto [json, depth] = open.back();
    open.pop_back();
    if (depth > kMaxJsonDepth)
      throw Error(Category::Limit, "schema nests deeper than " + std::to_string(kMaxJsonDepth) + " levels");
    if (const Json::Array* items = json->array())
      for (const Json& item : *items) open.emplace_back(&item, depth + 1);
    if (const Json::Object* members = json->object())
      for (const Json::Member& member : *members) open.emplace_back(&member.value, depth + 1);
  }
}

/// Refuses what is no schema of draft 7; `pointer` is where it stands.
void check_against_draft(const Json& schema, const std::string& pointer) {
  static const Program* const program = compile(parse_json(kSchemaOfSchemas), true).release();
  Run run(*program);
  try {
    if (run.follows(0, schema, true, "false")) return;
  } catch (const TooMuch& much) {
    refuse(pointer, much.reason);
  } catch (const Enough&) {  // one of them is told
  }
  const Violation first = run.take().front();
  refuse(pointer + first.pointer, first.reason);
}

/// %XX of a URI's fragment.
std::string without_percents(const std::string& text) {
  std::string result;
  for (size_t i = 0; i < text.size(); ++i) {
    unsigned byte = 0;
    if (text[i] == '%' && i + 2 < text.size() &&
        std::from_chars(&text[i + 1], &text[i + 1] + 2, byte, 16).ptr == &text[i + 1] + 2) {
      result.push_back(static_cast<char>(byte));
      i += 2;
    } else {
      result.push_back(text[i]);
    }
  }
  return result;
}

/// The names that a pointer below "#" leads through.
std::vector<std::string> names_of(const std::string& pointer) {
  std::vector<std::string> names;
  for (size_t i = 0; i < pointer.size(); ++i) {
    if (pointer[i] == '/') {
      names.emplace_back();
    } else if (pointer[i] == '~' && i + 1 < pointer.size() &&
               (pointer[i + 1] == '0' || pointer[i + 1] == '1')) {
      names.back().push_back(pointer[++i] == '0' ? '~' : '/');
    } else {
      names.back().push_back(pointer[i]);
    }
  }
  return names;
}

class Compiler {
 public:
  Compiler(Program& program, bool is_trusted) : program_(program), is_trusted_(is_trusted) {}

  void run() {
    (void)number_of(program_.source, "");
    // A queue and no recursion: references may lead through thousands of subschemas.
    for (size_t next = 0; next < found_.size(); ++next) compile(next);
    refuse_circles();
  }

 private:
  struct Found {
    const Json* schema;
    std::string pointer;
    std::vector<int> in_place;  ///< the subschemas that it asks of the same value
  };

  int number_of(const Json& schema, const std::string& pointer) {
    const auto [at, is_new] = numbers_.emplace(&schema, static_cast<int>(found_.size()));
    if (!is_new) return at->second;
    if (found_.size() >= kMaxSubschemas)
      throw Error(Category::Limit, "schema has more than " + std::to_string(kMaxSubschemas) + " subschemas");
    found_.push_back({&schema, pointer, {}});
    program_.subschemas.emplace_back();
    return at->second;
  }

  void compile(size_t number) {
    const Json& schema = *found_[number].schema;
    const std::string pointer = found_[number].pointer;
    const auto made = [&]() -> Subschema& { return program_.subschemas[number]; };
    if (const bool* boolean = schema.boolean()) {
      made().kind = *boolean ? Subschema::Kind::Everything : Subschema::Kind::Nothing;
      return;
    }
    check_base(schema, pointer);
    // Also those that nothing refers to are to be right.
    if (const Json* definitions = schema.find("definitions"))
      for (const Json::Member& member : *definitions->object())
        (void)number_of(member.value, pointer + "/definitions/" + pointer_token(member.name));
    std::vector<std::unique_ptr<Keyword>> keywords;
    if (const Json* reference = schema.find("$ref")) {
      // All else beside it is ignored (draft 7, section 8.3).
      const int target = resolve(*reference->string(), pointer);
      found_[number].in_place.push_back(target);
      keywords.push_back(make_reference(reference, target));
    } else {
      const ChildNumber child = [&](const Json& of, const std::vector<std::string>& path, bool is_in_place) {
        std::string below = pointer;
        for (const std::string& name : path) below += "/" + pointer_token(name);
        const int made_number = number_of(of, below);
        if (is_in_place) found_[number].in_place.push_back(made_number);
        return made_number;
      };
      try {
        keywords = make_keywords(schema, child);
      } catch (const Error&) {
        throw;
      } catch (const std::bad_alloc&) {
        throw;
      } catch (const std::exception& error) {
        refuse(pointer, error.what());
      }
    }
    made().kind = keywords.empty() ? Subschema::Kind::Everything : Subschema::Kind::Keywords;
    made().keywords = std::move(keywords);
  }

  static void check_base(const Json& schema, const std::string& pointer) {
    if (const Json* draft = schema.find("$schema")) {
      const std::string& name = *draft->string();
      if (name.find("://json-schema.org/draft-07/schema") == std::string::npos)
        refuse(pointer + "/$schema",
               draft->dump() + " is not draft 7, http://json-schema.org/draft-07/schema#");
    }
    if (!pointer.empty() && schema.find("$id") != nullptr)
      refuse(pointer + "/$id", "only the whole schema may have an $id");
  }

  int resolve(const std::string& reference, const std::string& pointer) {
    if (reference != "#" && !reference.starts_with("#/"))
      refuse(pointer + "/$ref", "\"" + reference + "\" does not lead into the schema: give \"#\" or \"#/…\"");
    const std::string target = without_percents(reference.substr(1));
    const Json* schema = program_.source.find(names_of(target));
    if (schema == nullptr) refuse(pointer + "/$ref", "\"" + reference + "\" leads to nothing");
    // It may stand where no schema is looked for.
    if (!is_trusted_ && !target.empty() && checked_.insert(schema).second)
      check_against_draft(*schema, target);
    return number_of(*schema, target);
  }

  /// A schema that asks itself of the same value would never come to an end.
  void refuse_circles() {
    enum class Mark : uint8_t { New, Open, Done };
    std::vector<Mark> marks(found_.size(), Mark::New);
    for (size_t start = 0; start < found_.size(); ++start) {
      std::vector<std::pair<size_t, size_t>> path;  // a subschema and how many of its steps are taken
      if (marks[start] == Mark::New) path.emplace_back(start, 0);
      while (!path.empty()) {
        const auto [at, step] = path.back();
        marks[at] = Mark::Open;
        if (step == found_[at].in_place.size()) {
          marks[at] = Mark::Done;
          path.pop_back();
          continue;
        }
        ++path.back().second;
        const auto next = static_cast<size_t>(found_[at].in_place[step]);
        if (marks[next] == Mark::Open)
          refuse(found_[next].pointer, "it refers to itself without going into the value");
        if (marks[next] == Mark::New) path.emplace_back(next, 0);
      }
    }
  }

  Program& program_;
  bool is_trusted_;
  std::unordered_map<const Json*, int> numbers_;
  std::deque<Found> found_;
  std::unordered_set<const Json*> checked_;
};

}  // namespace

std::unique_ptr<Program> compile(const Json& schema, bool is_trusted) {
  check_depth(schema);
  auto program = std::make_unique<Program>();
  program->source = schema;
  if (!is_trusted) {
    if (const size_t bytes = schema.dump().size(); bytes > kMaxSchemaBytes)
      throw Error(Category::Limit, "schema is larger than 256 kB",
                  "It has " + std::to_string(bytes) + " bytes.");
    check_against_draft(program->source, "");
  }
  Compiler(*program, is_trusted).run();
  return program;
}

}  // namespace cdp::event::schema
