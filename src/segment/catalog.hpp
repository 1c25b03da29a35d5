#pragma once

#include "rule/rule.hpp"
#include "segment/walk.hpp"
#include "timeline/history.hpp"

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace cdp::pg {
class Spi;
}

namespace cdp::segment {

/// What says who is a member.
enum class Kind : uint8_t { Rule, List, Query };

enum class Status : uint8_t {
  Pending,  ///< the members are still to be computed
  Ready,
  Paused,  ///< the members stay as they are
};

/// What members are kept of a segment: those that it has, or those that a computation in the background
/// gathers, which nobody sees yet.
struct Definition {
  int32_t segment_no = 0;
  int32_t number = 0;  ///< that members are stored under: cdp.segment.members_no, or else next_no, segment_no
  bool is_next = false;  ///< those that are being gathered
  std::string name;
  Kind kind = Kind::Rule;
  rule::Rule rule;  ///< of Kind::Rule
  Status status = Status::Pending;
  /// Are other members being gathered for it?
  bool is_gathered_anew = false;
  /// The members as they are stored, where no rule is asked: of lists, queries, what is paused, and what is
  /// being gathered anew.
  std::shared_ptr<const rule::UserSet> users;
};

/// What cdp.segment has as committed now or changed by this transaction, in the order of numbers.
std::vector<Definition> load_definitions();

/// Which rule a rule means that names a segment: the one that has members, or the one that will.
enum class Names : uint8_t { Present, Next };

/// The segments of this database with their rules bound to one demand. Loaded once per backend and again
/// after cdp.segment was changed, by whomever.
class Catalog {
 public:
  /// The catalog as committed now or changed by this transaction; where `spi` is read-only in a transaction
  /// of one snapshot, as that snapshot sees it, so that rules and members go together. Stays valid until the
  /// next call.
  static const Catalog& current(pg::Spi& spi);

  /// Makes every backend load it again: here at the next command, elsewhere when this transaction commits.
  static void invalidate();

  explicit Catalog(std::vector<Definition> definitions);

  /// Ordered by number.
  const std::vector<Definition>& definitions() const { return definitions_; }
  const RuleSet& rules() const { return rules_; }
  const timeline::Demand& demand() const { return demand_; }
  bool is_empty() const { return definitions_.empty(); }

  /// Are members of any segment being gathered in the background?
  bool is_gathering() const { return !next_by_name_.empty(); }

  /// What is present of a segment.
  const Definition* find(std::string_view name) const;
  /// Throws Error(NotFound).
  const Definition& require(std::string_view name) const;
  /// What is present of a segment by cdp.segment.segment_no, which must be there.
  const Definition& segment(int32_t segment_no) const;
  /// The index of the definition whose members are stored under a number; nullopt if there is none.
  std::optional<int> index_of(int32_t number) const;

  /// Binds a rule that may name these segments. Errors of rule::bind(), with a hint at a segment of a near
  /// name.
  rule::BoundRule bind(const rule::Rule& rule, timeline::Demand& demand,
                       rule::ConditionNumbers* numbers = nullptr, Names names = Names::Present) const;

  /// The segments of `numbers` and all that name one of them, directly or through others; what is present of
  /// them.
  std::vector<int32_t> with_dependents(const std::vector<int32_t>& numbers) const;

 private:
  rule::SegmentResolver resolver(Names names) const;

  std::vector<Definition> definitions_;
  std::unordered_map<std::string, int> by_name_;
  std::unordered_map<std::string, int> next_by_name_;
  std::unordered_map<int32_t, int> by_number_;
  timeline::Demand demand_;
  RuleSet rules_;
};

/// Waits for the batch under way and keeps others out until this transaction ends. Everything that takes
/// messages or changes memberships holds it.
void lock_processing();

/// Throws Error(State) in a transaction of one snapshot, which would miss rows from before the lock. `what`
/// says what cannot be, as "cdp_pack() cannot run", and `verb` what to do in another one.
void refuse_old_snapshot(const std::string& what, const char* verb = "Call");

/// The instant of what is processed now: not before the last batch's, whatever the clock says. Requires the
/// process lock.
Instant processing_now(pg::Spi& spi);

}  // namespace cdp::segment
