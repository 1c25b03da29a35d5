/// What each keyword asks. Those about numbers, equality and regular expressions are our own, since the
/// library counts in doubles and searches by std::regex, which recurses on long texts; so are those over an
/// object's members, for the sake of their places. The others are the library's.

#include "event/schema_program.hpp"
#include "event/schema_text.hpp"

#include <algorithm>
#include <array>
#include <stdexcept>
#include <unordered_map>

namespace cdp::event::schema {

namespace {

class Library : public Keyword {
 public:
  /// A visible one reports what does not hold within it, the others only themselves.
  Library(std::string name, const Json* operand, const Json& schema, bool is_visible)
      : Keyword(std::move(name), operand), library_(schema), is_visible_(is_visible) {}

  bool holds(const Json& value, Run& run) const override { return library_.holds(value, run, false); }

  void explain(const Json& value, Run& run) const override {
    const size_t reported = run.reported();
    if (is_visible_) (void)library_.holds(value, run, true);
    if (run.reported() == reported) Keyword::explain(value, run);
  }

 private:
  LibraryKeyword library_;
  bool is_visible_;
};

class Required : public Library {
 public:
  explicit Required(const Json* operand)
      : Library("required", operand, Json(Json::Object{{"required", *operand}}), false) {}

  void explain(const Json& value, Run& run) const override {
    for (const Json& name : *operand().array())
      if (value.find(*name.string()) == nullptr)
        run.report(this->name(), "property " + name.dump() + " is missing");
  }
};

class Reference : public Keyword {
 public:
  Reference(const Json* operand, int target) : Keyword("$ref", operand), target_(target) {}

  bool holds(const Json& value, Run& run) const override {
    return run.follows(target_, value, false, name());
  }
  void explain(const Json& value, Run& run) const override {
    (void)run.follows(target_, value, true, name());
  }

 private:
  int target_;
};

/// minimum, maximum and the exclusive ones.
class Bound : public Keyword {
 public:
  using Keyword::Keyword;

  bool holds(const Json& value, Run& /*run*/) const override {
    if (value.number() == nullptr) return true;
    const std::strong_ordering order = *value.number() <=> *operand().number();
    if (name() == "minimum") return order >= 0;
    if (name() == "maximum") return order <= 0;
    return name() == "exclusiveMinimum" ? order > 0 : order < 0;
  }
};

/// A number as digits without trailing zeros after the point, and how many of them stand after it.
struct Digits {
  std::string digits;
  size_t scale = 0;
};

Digits digits_of(const Decimal& number) {
  Digits result{number.to_string(), 0};
  std::erase(result.digits, '-');
  const size_t point = result.digits.find('.');
  if (point == std::string::npos) return result;
  result.digits.erase(result.digits.find_last_not_of('0') + 1);
  result.digits.erase(point, 1);
  result.scale = result.digits.size() - point;
  return result;
}

class MultipleOf : public Keyword {
 public:
  explicit MultipleOf(const Json* operand)
      : Keyword("multipleOf", operand), divisor_(digits_of(*operand->number())) {
    constexpr size_t kMostDigits = 18;
    const size_t first = std::min(divisor_.digits.find_first_not_of('0'), divisor_.digits.size());
    if (divisor_.digits.size() - first > kMostDigits)
      throw std::invalid_argument("multipleOf has at most 18 digits");
    whole_divisor_ = std::stoull(divisor_.digits);
  }

  bool holds(const Json& value, Run& run) const override {
    if (value.number() == nullptr) return true;
    const Digits digits = digits_of(*value.number());
    run.spend(static_cast<int64_t>(digits.digits.size() / 64));
    // In the divisor's last place; a value with digits behind that is no multiple.
    if (digits.scale > divisor_.scale) return false;
    unsigned __int128 remainder = 0;
    for (const char c : digits.digits)
      remainder = (remainder * 10 + static_cast<unsigned>(c - '0')) % whole_divisor_;
    for (size_t i = digits.scale; i < divisor_.scale; ++i) remainder = remainder * 10 % whole_divisor_;
    return remainder == 0;
  }

 private:
  Digits divisor_;
  uint64_t whole_divisor_ = 1;
};

class OneOfValues : public Keyword {
 public:
  using Keyword::Keyword;

  bool holds(const Json& value, Run& run) const override {
    if (name() == "const") return value == operand();
    const Json::Array& values = *operand().array();
    run.spend(static_cast<int64_t>(values.size() / 16));
    return std::find(values.begin(), values.end(), value) != values.end();
  }
};

class Matches : public Keyword {
 public:
  explicit Matches(const Json* operand) : Keyword("pattern", operand), pattern_(*operand->string()) {}

  bool holds(const Json& value, Run& run) const override {
    if (value.string() == nullptr) return true;
    run.spend(1 + static_cast<int64_t>(value.string()->size() / 256));
    return pattern_.is_in(*value.string());
  }

 private:
  Pattern pattern_;
};

class Format : public Keyword {
 public:
  Format(const Json* operand, FormatCheck check) : Keyword("format", operand), check_(check) {}

  bool holds(const Json& value, Run& /*run*/) const override {
    return value.string() == nullptr || check_(*value.string());
  }

 private:
  FormatCheck check_;
};

/// A text that two values share exactly if they are equal: numbers by value, members in the order of names.
void append_canonical(std::string& out, const Json& value) {
  if (const Decimal* number = value.number()) {
    const Digits digits = digits_of(*number);
    out += (number->sign() < 0 ? "-" : "") + digits.digits + "e" + std::to_string(digits.scale);
  } else if (const Json::Array* items = value.array()) {
    out.push_back('[');
    for (const Json& item : *items) {
      append_canonical(out, item);
      out.push_back(',');
    }
    out.push_back(']');
  } else if (const Json::Object* members = value.object()) {
    std::vector<const Json::Member*> sorted;
    for (const Json::Member& member : *members) sorted.push_back(&member);
    std::sort(sorted.begin(), sorted.end(), [](const auto* a, const auto* b) { return a->name < b->name; });
    out.push_back('{');
    for (const Json::Member* member : sorted) {
      append_json_string(out, member->name);
      append_canonical(out, member->value);
    }
    out.push_back('}');
  } else {
    out += value.dump();
  }
}

class UniqueItems : public Keyword {
 public:
  using Keyword::Keyword;

  bool holds(const Json& value, Run& run) const override {
    if (value.array() == nullptr) return true;
    std::vector<std::string> texts;
    for (const Json& item : *value.array()) {
      run.spend(1);
      append_canonical(texts.emplace_back(), item);
    }
    std::sort(texts.begin(), texts.end());
    return std::adjacent_find(texts.begin(), texts.end()) == texts.end();
  }
};

class PropertyNames : public Keyword {
 public:
  PropertyNames(const Json* operand, int names) : Keyword("propertyNames", operand), names_(names) {}

  bool holds(const Json& value, Run& run) const override {
    if (value.object() == nullptr) return true;
    return std::all_of(value.object()->begin(), value.object()->end(), [&](const Json::Member& member) {
      return run.follows(names_, Json(member.name), false, name());
    });
  }

  void explain(const Json& value, Run& run) const override {
    for (const Json::Member& member : *value.object()) {
      if (run.follows(names_, Json(member.name), false, name())) continue;
      const Run::Inside inside(run, member.name, true);
      run.report(name(), "the name " + shortened(Json(member.name)) +
                             " does not fit \"propertyNames\": " + shortened(operand()));
    }
  }

 private:
  int names_;
};

/// properties, patternProperties and additionalProperties, which depend on each other.
class Members : public Keyword {
 public:
  Members(const Json* schema, const ChildNumber& child) : Keyword("properties", schema) {
    if (const Json* properties = schema->find("properties"))
      for (const Json::Member& member : *properties->object())
        by_name_.emplace(member.name, child(member.value, {"properties", member.name}, false));
    if (const Json* patterns = schema->find("patternProperties"))
      for (const Json::Member& member : *patterns->object())
        by_pattern_.emplace_back(Pattern(member.name),
                                 child(member.value, {"patternProperties", member.name}, false));
    if (const Json* additional = schema->find("additionalProperties"))
      additional_ = child(*additional, {"additionalProperties"}, false);
  }

  bool holds(const Json& value, Run& run) const override { return visit(value, run, false); }
  void explain(const Json& value, Run& run) const override { (void)visit(value, run, true); }

 private:
  bool visit(const Json& value, Run& run, bool is_recording) const {
    static const std::string kPattern = "patternProperties";
    static const std::string kAdditional = "additionalProperties";
    if (value.object() == nullptr) return true;
    bool all_hold = true;
    for (const Json::Member& member : *value.object()) {
      run.spend(1);
      const auto ask = [&](int subschema, bool is_open, const std::string& keyword) {
        if (!is_recording) return run.follows(subschema, member.value, false, keyword);
        const Run::Inside inside(run, member.name, is_open);
        return run.follows(subschema, member.value, true, keyword);
      };
      const auto named = by_name_.find(member.name);
      bool is_known = named != by_name_.end();
      if (is_known && !ask(named->second, false, name())) all_hold = false;
      for (const auto& [pattern, subschema] : by_pattern_) {
        if (!all_hold && !is_recording) return false;
        run.spend(1 + static_cast<int64_t>(member.name.size() / 256));
        if (!pattern.is_in(member.name)) continue;
        if (!ask(subschema, named == by_name_.end(), kPattern)) all_hold = false;
        is_known = true;
      }
      if (!is_known && additional_ && !ask(*additional_, true, kAdditional)) all_hold = false;
      if (!all_hold && !is_recording) return false;
    }
    return all_hold;
  }

  std::unordered_map<std::string, int> by_name_;
  std::vector<std::pair<Pattern, int>> by_pattern_;
  std::optional<int> additional_;
};

/// Builds the keywords of one subschema.
class Maker {
 public:
  Maker(const Json& schema, const ChildNumber& child) : schema_(schema), child_(child) {}

  std::vector<std::unique_ptr<Keyword>> make() {
    for (const Json::Member& member : *schema_.object()) make(member.name, member.value);
    if (schema_.find("properties") != nullptr || schema_.find("patternProperties") != nullptr ||
        schema_.find("additionalProperties") != nullptr)
      made_.push_back(std::make_unique<Members>(&schema_, child_));
    return std::move(made_);
  }

 private:
  void make(const std::string& name, const Json& operand) {
    if (name == "minimum" || name == "maximum" || name == "exclusiveMinimum" || name == "exclusiveMaximum") {
      made_.push_back(std::make_unique<Bound>(name, &operand));
    } else if (name == "multipleOf") {
      made_.push_back(std::make_unique<MultipleOf>(&operand));
    } else if (name == "const" || name == "enum") {
      made_.push_back(std::make_unique<OneOfValues>(name, &operand));
    } else if (name == "pattern") {
      made_.push_back(std::make_unique<Matches>(&operand));
    } else if (name == "format") {
      if (const FormatCheck check = format_check(*operand.string()))
        made_.push_back(std::make_unique<Format>(&operand, check));
    } else if (name == "uniqueItems") {
      if (*operand.boolean()) made_.push_back(std::make_unique<UniqueItems>(name, &operand));
    } else if (name == "propertyNames") {
      made_.push_back(std::make_unique<PropertyNames>(&operand, child_(operand, {name}, false)));
    } else if (name == "required") {
      made_.push_back(std::make_unique<Required>(&operand));
    } else if (name == "dependencies") {
      // One by one: the library's parser takes the first schema among them for all.
      for (const Json::Member& member : *operand.object()) {
        const Json asked = member.value.array() != nullptr
                               ? member.value
                               : placeholder(member.value, {name, member.name}, true);
        add_library(name, operand, Json(Json::Object{{member.name, asked}}), true);
      }
    } else {
      make_library(name, operand);
    }
  }

  void make_library(const std::string& name, const Json& operand) {
    constexpr std::array<std::string_view, 7> kPlain{"type",     "minLength",     "maxLength",    "minItems",
                                                     "maxItems", "minProperties", "maxProperties"};
    if (std::find(kPlain.begin(), kPlain.end(), name) != kPlain.end()) {
      add_library(name, operand, operand, false);
    } else if (name == "allOf" || name == "anyOf" || name == "oneOf") {
      add_library(name, operand, placeholders(operand, name, true), name == "allOf");
    } else if (name == "not") {
      add_library(name, operand, placeholder(operand, {name}, true), false);
    } else if (name == "contains") {
      add_library(name, operand, placeholder(operand, {name}, false), false);
    } else if (name == "items") {
      make_items(operand);
    } else if (name == "if") {
      Json condition(Json::Object{{name, placeholder(operand, {name}, true)}});
      for (const char* branch : {"then", "else"})
        if (const Json* then = schema_.find(branch))
          condition.set(branch, placeholder(*then, {branch}, true));
      made_.push_back(std::make_unique<Library>(name, &operand, condition, true));
    }
  }

  void make_items(const Json& operand) {
    if (operand.array() == nullptr) {
      add_library("items", operand, placeholder(operand, {"items"}, false), true);
      return;
    }
    Json items(Json::Object{{"items", placeholders(operand, "items", false)}});
    if (const Json* additional = schema_.find("additionalItems"))
      items.set("additionalItems", placeholder(*additional, {"additionalItems"}, false));
    made_.push_back(std::make_unique<Library>("items", &operand, items, true));
  }

  void add_library(const std::string& name, const Json& operand, const Json& asked, bool is_visible) {
    made_.push_back(std::make_unique<Library>(name, &operand, Json(Json::Object{{name, asked}}), is_visible));
  }

  Json placeholder(const Json& schema, const std::vector<std::string>& path, bool is_in_place) {
    return LibraryKeyword::placeholder(child_(schema, path, is_in_place));
  }

  Json placeholders(const Json& schemas, const std::string& name, bool is_in_place) {
    Json::Array result;
    for (const Json& schema : *schemas.array())
      result.push_back(placeholder(schema, {name, std::to_string(result.size())}, is_in_place));
    return Json(std::move(result));
  }

  const Json& schema_;
  const ChildNumber& child_;
  std::vector<std::unique_ptr<Keyword>> made_;
};

}  // namespace

std::vector<std::unique_ptr<Keyword>> make_keywords(const Json& schema, const ChildNumber& child) {
  return Maker(schema, child).make();
}

std::unique_ptr<Keyword> make_reference(const Json* operand, int target) {
  return std::make_unique<Reference>(operand, target);
}

}  // namespace cdp::event::schema
