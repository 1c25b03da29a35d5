#include "event/schema.hpp"

#include "event/schema_program.hpp"

namespace cdp::event {

namespace schema {

namespace {

/// Names of properties have no bound; a place has this many of them.
constexpr size_t kPlaceSteps = 6;

}  // namespace

std::string shortened(const Json& value) {
  std::string text = value.dump();
  constexpr size_t kMost = 100;
  if (text.size() <= kMost) return text;
  size_t end = kMost;
  while (end > 0 && (static_cast<uint8_t>(text[end]) & 0xc0) == 0x80) --end;
  return text.substr(0, end) + "…";
}

std::string pointer_token(const std::string& name) {
  std::string token;
  for (const char c : name) {
    if (c == '~') {
      token += "~0";
    } else if (c == '/') {
      token += "~1";
    } else {
      token.push_back(c);
    }
  }
  return token;
}

bool Run::follows(int subschema, const Json& value, bool is_recording, const std::string& asked_by) {
  spend(1);
  const Subschema& asked = program_.subschemas[static_cast<size_t>(subschema)];
  if (asked.kind == Subschema::Kind::Everything) return true;
  if (asked.kind == Subschema::Kind::Nothing) {
    if (is_recording) report(asked_by, shortened(value) + " is not allowed" + where());
    return false;
  }
  if (++depth_ > kMaxSchemaDepth) throw TooMuch{"the value and its schema nest too deep to be checked"};
  bool follows_all = true;
  for (const std::unique_ptr<Keyword>& keyword : asked.keywords) {
    if (keyword->holds(value, *this)) continue;
    follows_all = false;
    if (!is_recording) break;
    keyword->explain(value, *this);
  }
  // Only where nothing was thrown, which ends the run.
  --depth_;
  return follows_all;
}

bool Run::descend(int subschema, const Json& value, std::optional<size_t> index, bool is_recording) {
  static const std::string kNothing = "false";
  if (!is_recording || !index) return follows(subschema, value, is_recording, kNothing);
  const Inside inside(*this, std::to_string(*index), true);
  return follows(subschema, value, is_recording, kNothing);
}

void Run::spend(int64_t steps) {
  steps_ += steps;
  if (steps_ < next_check_) return;
  if (steps_ > kMaxSchemaSteps) throw TooMuch{"the value takes too long to be checked"};
  next_check_ = steps_ + 1024;
  check_interrupts();
}

std::string Run::where() const {
  if (path_.empty()) return " here";
  return " at " + shortened(Json(pointer()));
}

std::string Run::pointer() const {
  std::string pointer;
  for (const Step& step : path_) pointer += "/" + pointer_token(step.name);
  return pointer;
}

void Run::report(const std::string& keyword, std::string reason) {
  Violation violation;
  violation.pointer = pointer();
  for (size_t i = 0; i < path_.size() && i < kPlaceSteps; ++i)
    violation.place += path_[i].is_open ? "/*" : "/" + pointer_token(path_[i].name);
  if (!path_.empty()) violation.property = path_.front().name;
  violation.keyword = keyword;
  violation.reason = std::move(reason);
  violations_.push_back(std::move(violation));
  if (violations_.size() == kMaxViolations) throw Enough{};
}

void Keyword::explain(const Json& value, Run& run) const {
  run.report(name_, shortened(value) + " does not fit \"" + name_ + "\": " + shortened(operand()));
}

}  // namespace schema

Schema::Schema(const Json& schema) : program_(schema::compile(schema, false)) {}
Schema::Schema(Schema&&) noexcept = default;
Schema& Schema::operator=(Schema&&) noexcept = default;
Schema::~Schema() = default;

std::vector<Violation> Schema::check(const Json& value) const {
  static const std::string kWhole;
  schema::Run run(*program_);
  try {
    if (schema::Run(*program_).follows(0, value, false, kWhole)) return {};
    (void)run.follows(0, value, true, "false");
  } catch (const schema::TooMuch& much) {
    return {{"", "", "", "limit", much.reason}};
  } catch (const schema::Enough&) {  // as many as are listed
  }
  return run.take();
}

}  // namespace cdp::event
