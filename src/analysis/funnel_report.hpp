#pragma once

#include "analysis/funnel.hpp"
#include "rule/tree.hpp"
#include "timeline/decode_room.hpp"
#include "timeline/event_users.hpp"
#include "timeline/scan.hpp"

#include <bit>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace cdp::analysis {

/// A step of a funnel over stored events.
struct ReportStep {
  std::string event;        ///< its name
  int32_t event_no = -1;    ///< in cdp.event_name; -1 if no event has that name
  rule::NodePointer where;  ///< nullptr: any event of that name
};

/// Reads a step: the name of an event, or `name where condition` in the language of rules, whose quotes a
/// name needs there that is no plain word. `is_event` says whether a text as a whole names an event: then it
/// is that. Throws Error(BadValue) naming the step and what is wrong with it.
ReportStep read_step(std::string_view text, bool is_event);

/// What follows from who did the first two events of a funnel that counts any event of the first name.
struct FunnelUsers {
  bitmap::Bitmap open;     ///< whose histories have to be read
  int64_t only_first = 0;  ///< how many of the others came to the first step, and no further
};

/// `second` is empty where there is but one step.
FunnelUsers split_users(const timeline::EventUsers& first, const timeline::EventUsers& second);

/// How far users come in a funnel: folds their histories one after the other.
class FunnelReport : public timeline::HistoryVisitor {
 public:
  /// Errors of FunnelFold.
  FunnelReport(std::vector<ReportStep> steps, Micros within, Instant since, Instant until);

  /// What it needs to see.
  const timeline::ScanDemand& demand() const { return demand_; }
  /// The same of some users alone.
  void restrict_to_users(int64_t first, int64_t last);
  /// The same of a set of users, which must live as long as the report.
  void restrict_to_users(const bitmap::Bitmap& users) { demand_.users = &users; }

  void begin(int64_t user_no) override;
  bool chunk(const timeline::ScannedChunk& chunk) override;
  bool event(Instant time, int32_t place, const timeline::PropertyValues& property) override;
  void end() override;

  const std::vector<ReportStep>& steps() const { return steps_; }
  /// The event of a step, from 0.
  const std::string& event_of(size_t step) const { return steps_[step].event; }
  /// How many users reached each step, and all before it.
  std::vector<int64_t> users() const;
  /// How many came to each step and no further; may be summed over reports of different users.
  const std::vector<int64_t>& deepest() const { return deepest_; }
  void add(const std::vector<int64_t>& deepest);

 private:
  /// The steps of one event.
  struct EventSteps {
    int32_t event_no;
    StepMask plain = 0;               ///< that ask for nothing but the name
    std::vector<size_t> conditional;  ///< the others

    /// The step of an event that has but one.
    size_t single() const {
      return conditional.empty() ? static_cast<size_t>(std::countr_zero(plain)) : conditional.front();
    }
  };

  /// A value that a step's condition compares, and where the demand has it.
  struct StepPath {
    rule::ValuePath path;
    size_t column;
  };

  StepMask conditional_steps(const EventSteps& steps, const timeline::PropertyValues& property) const;
  bool has_step(const timeline::ScannedChunk& chunk, size_t step) const;
  bool is_within_time(const timeline::TimelineView& timeline) const {
    return timeline.first() >= demand_.since && timeline.last() < demand_.until;
  }
  template <class Code>
  void fold(const timeline::ScannedChunk& chunk, std::span<Code> codes, std::span<const Instant> times);
  template <class Code>
  void fold_single_steps(const timeline::ScannedChunk& chunk, std::span<Code> codes,
                         std::span<const Instant> times, size_t begin);
  void fold_event(const timeline::ScannedChunk& chunk, uint32_t code, size_t i, Instant time);
  bool fold_index(const timeline::ScannedChunk& chunk);
  size_t reachable_steps(const timeline::ScannedChunk& chunk) const;

  std::vector<ReportStep> steps_;
  Micros within_;
  timeline::ScanDemand demand_;
  std::vector<EventSteps> events_;            ///< as in the demand
  std::vector<int32_t> places_;               ///< of each step's event there, or -1
  bool has_single_steps_ = true;              ///< no event is of several steps
  std::vector<std::vector<StepPath>> paths_;  ///< by step
  FunnelFold fold_;
  std::vector<int64_t> deepest_;
  std::vector<uint8_t> step_of_code_;
  timeline::DecodeRoom room_;
};

}  // namespace cdp::analysis
