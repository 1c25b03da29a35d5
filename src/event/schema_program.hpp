#pragma once

/// What a schema is compiled to. Only for the files of schema.hpp.

#include "base/interrupt.hpp"
#include "event/schema.hpp"
#include "event/schema_library.hpp"

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace cdp::event::schema {

class Run;

/// One keyword of a subschema with what it asks.
class Keyword {
 public:
  /// `operand` belongs to the program's source.
  Keyword(std::string name, const Json* operand) : name_(std::move(name)), operand_(operand) {}
  Keyword(const Keyword&) = delete;
  Keyword& operator=(const Keyword&) = delete;
  virtual ~Keyword() = default;

  const std::string& name() const { return name_; }

  virtual bool holds(const Json& value, Run& run) const = 0;

  /// Reports why it does not hold.
  virtual void explain(const Json& value, Run& run) const;

 protected:
  const Json& operand() const { return *operand_; }

 private:
  std::string name_;
  const Json* operand_;
};

/// One schema within a schema.
struct Subschema {
  enum class Kind : uint8_t { Everything, Nothing, Keywords };

  Kind kind = Kind::Everything;
  std::vector<std::unique_ptr<Keyword>> keywords;
};

struct Program {
  Json source;                        ///< what operands point into
  std::vector<Subschema> subschemas;  ///< the whole schema is number 0
};

/// Compiles `schema`; `is_trusted` leaves out that it is checked against draft 7's own schema.
std::unique_ptr<Program> compile(const Json& schema, bool is_trusted);

/// The keywords of an object schema. `child(operand, path, is_in_place)` gives the number of the subschema
/// that stands at `path` below it; it is in place if it is about the same value. Throws std::exception.
using ChildNumber =
    std::function<int(const Json& schema, const std::vector<std::string>& path, bool is_in_place)>;
std::vector<std::unique_ptr<Keyword>> make_keywords(const Json& schema, const ChildNumber& child);

/// The keyword "$ref" to subschema number `target`.
std::unique_ptr<Keyword> make_reference(const Json* operand, int target);

/// Thrown where a check takes more than the limits.
struct TooMuch {
  const char* reason;
};

/// Thrown where kMaxViolations are found.
struct Enough {};

/// One value being checked.
class Run final : public Descent {
 public:
  explicit Run(const Program& program) : program_(program) {}

  /// Does `value` follow? While recording, everything that does not is reported. `asked_by` is the keyword
  /// that holds the subschema.
  bool follows(int subschema, const Json& value, bool is_recording, const std::string& asked_by);

  bool descend(int subschema, const Json& value, std::optional<size_t> index, bool is_recording) override;

  /// Counts work done; throws TooMuch.
  void spend(int64_t steps);

  /// Goes into a member or element for the lifetime of this object, as far as reports are concerned.
  class Inside {
   public:
    Inside(Run& run, std::string name, bool is_open) : run_(run) {
      run_.path_.push_back({std::move(name), is_open});
    }
    ~Inside() { run_.path_.pop_back(); }
    Inside(const Inside&) = delete;
    Inside& operator=(const Inside&) = delete;

   private:
    Run& run_;
  };

  /// Throws Enough after the last that is listed.
  void report(const std::string& keyword, std::string reason);
  size_t reported() const { return violations_.size(); }
  std::vector<Violation> take() { return std::move(violations_); }

 private:
  struct Step {
    std::string name;
    bool is_open;  ///< an array's index, or a name that the schema does not know
  };

  std::string pointer() const;
  /// " at " and the pointer, for a reason.
  std::string where() const;

  const Program& program_;
  std::vector<Step> path_;
  std::vector<Violation> violations_;
  int64_t steps_ = 0;
  int64_t next_check_ = 0;
  int depth_ = 0;
};

/// A value in a reason, cut where it is long.
std::string shortened(const Json& value);

/// A reference token of a JSON pointer (RFC 6901).
std::string pointer_token(const std::string& name);

}  // namespace cdp::event::schema
