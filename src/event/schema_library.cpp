#include "event/schema_library.hpp"

#include "event/schema_adapter.hpp"

#include <memory>
#include <new>
#include <valijson/constraint_builder.hpp>
#include <valijson/constraints/concrete_constraints.hpp>
#include <valijson/schema.hpp>
#include <valijson/schema_parser.hpp>
#include <valijson/validator.hpp>

namespace cdp::event::schema {

namespace {

/// The keyword of a placeholder; no keyword of a user's schema ever reaches the library under this name.
constexpr const char* kPlaceholder = "cdp:subschema";

/// How the library hands over where it is differs between its versions 1.0 and 1.1; it is not looked at.
template <class Where>
Where where_of(bool (valijson::constraints::PolyConstraint::*)(const valijson::adapters::Adapter&, Where,
                                                               valijson::ValidationResults*) const);
using Where = decltype(where_of(&valijson::constraints::PolyConstraint::validate));

/// The constraint of a placeholder: comes back to us.
class Placeholder : public valijson::constraints::PolyConstraint {
 public:
  explicit Placeholder(int subschema) : subschema_(subschema) {}

  bool validate(const valijson::adapters::Adapter& target, Where /*where*/,
                valijson::ValidationResults* results) const override {
    // Every value comes in through holds() below, so it has no other kind of adapter.
    const Target& of = static_cast<const JsonAdapter&>(target).target();
    return of.descent->descend(subschema_, *of.json, of.index, results != nullptr);
  }

 private:
  valijson::constraints::Constraint* cloneInto(void* memory) const override {
    return new (memory) Placeholder(*this);
  }
  size_t sizeOf() const override { return sizeof *this; }

  int subschema_;
};

class PlaceholderBuilder : public valijson::ConstraintBuilder {
 public:
  valijson::constraints::Constraint* make(const valijson::adapters::Adapter& number) const override {
    return std::make_unique<Placeholder>(static_cast<int>(number.asInteger())).release();
  }
};

}  // namespace

struct LibraryKeyword::Compiled {
  valijson::Schema schema;
};

LibraryKeyword::LibraryKeyword(const Json& schema) : compiled_(std::make_unique<Compiled>()) {
  valijson::SchemaParser parser;
  // The parser destroys it.
  parser.addConstraintBuilder(kPlaceholder, std::make_unique<PlaceholderBuilder>().release());
  parser.populateSchema(JsonAdapter(schema), compiled_->schema);
}

LibraryKeyword::~LibraryKeyword() = default;

Json LibraryKeyword::placeholder(int subschema) {
  return Json(Json::Object{{kPlaceholder, Json(subschema)}});
}

bool LibraryKeyword::holds(const Json& value, Descent& descent, bool is_recording) const {
  valijson::ValidationResults results;
  valijson::Validator validator;
  return validator.validate(compiled_->schema, JsonAdapter(Target{&value, &descent, std::nullopt}),
                            is_recording ? &results : nullptr);
}

}  // namespace cdp::event::schema
