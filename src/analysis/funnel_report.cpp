#include "analysis/funnel_report.hpp"

#include "base/error.hpp"
#include "rule/rule.hpp"

#include <algorithm>
#include <numeric>
#include <utility>

namespace cdp::analysis {

namespace {

timeline::PropertyPath property_path(const rule::ValuePath& path) {
  using Root = timeline::PropertyPath::Root;
  return {path.root == rule::ValuePath::Root::Context ? Root::Context : Root::Properties, path.names};
}

[[noreturn]] void refuse_step(std::string_view text, const std::string& problem) {
  throw Error(Category::BadValue,
              "step \"" + std::string(text) + "\" of the funnel cannot be read: " + problem, {},
              "Give the name of an event, or name where condition.");
}

}  // namespace

ReportStep read_step(std::string_view text, bool is_event) {
  if (is_event) return {std::string(text), -1, nullptr};
  try {
    const rule::Rule rule = rule::parse("did(" + std::string(text) + ")");
    const auto* did = rule.root().as<rule::Aggregate>();
    if (did == nullptr || did->last || !did->events.event)
      refuse_step(text, "it is no event with a condition");
    return {*did->events.event, -1, did->events.where};
  } catch (const Error& error) {
    if (error.category() == Category::Cancelled || error.category() == Category::BadValue) throw;
    // A name that no event has yet, and that rules would have in quotes.
    if (text.find("where") == std::string_view::npos) return {std::string(text), -1, nullptr};
    refuse_step(text, error.message());
  }
}

FunnelReport::FunnelReport(std::vector<ReportStep> steps, Micros within, Instant since, Instant until)
    : steps_(std::move(steps)),
      definition_{static_cast<int>(steps_.size()), within},
      deepest_(steps_.size() + 1) {
  const FunnelFold checks(definition_);
  demand_.since = since;
  demand_.until = until;
  paths_.resize(steps_.size());
  for (size_t i = 0; i < steps_.size(); ++i) {
    const ReportStep& step = steps_[i];
    if (step.event_no < 0) continue;
    auto place =
        std::lower_bound(events_.begin(), events_.end(), step.event_no,
                         [](const EventSteps& a, int32_t event_no) { return a.event_no < event_no; });
    if (place == events_.end() || place->event_no != step.event_no)
      place = events_.insert(place, {step.event_no, 0, {}});
    if (step.where == nullptr) {
      place->plain |= StepMask{1} << i;
      continue;
    }
    place->conditional.push_back(i);
    paths_[i] = rule::paths_of(*step.where);
    for (const rule::ValuePath& path : paths_[i])
      if (const timeline::PropertyPath needed = property_path(path);
          std::find(demand_.properties.begin(), demand_.properties.end(), needed) == demand_.properties.end())
        demand_.properties.push_back(needed);
  }
  for (const EventSteps& event : events_) demand_.events.push_back(event.event_no);
}

void FunnelReport::restrict_to_users(int64_t first, int64_t last) {
  demand_.first_user = first;
  demand_.last_user = last;
}

const FunnelReport::EventSteps* FunnelReport::steps_of(int32_t event_no) const {
  const auto found = std::find_if(events_.begin(), events_.end(),
                                  [&](const EventSteps& event) { return event.event_no == event_no; });
  return found != events_.end() ? &*found : nullptr;
}

StepMask FunnelReport::conditional_steps(const EventSteps& steps,
                                         const timeline::PropertyValues& property) const {
  StepMask mask = 0;
  for (const size_t i : steps.conditional) {
    const auto value = [&](const rule::ValuePath& path) {
      const auto place = std::find(demand_.properties.begin(), demand_.properties.end(), property_path(path));
      return property(static_cast<size_t>(place - demand_.properties.begin()));
    };
    if (rule::holds_for_event(*steps_[i].where, value)) mask |= StepMask{1} << i;
  }
  return mask;
}

void FunnelReport::begin(int64_t /*user_no*/) { fold_.emplace(definition_); }

template <class Code>
bool FunnelReport::fold(const timeline::TimelineView& timeline,
                        const std::function<Json(size_t i, size_t place)>& property) {
  std::vector<Code>& codes = [&]() -> std::vector<Code>& {
    if constexpr (sizeof(Code) == 1)
      return small_codes_;
    else
      return large_codes_;
  }();
  codes.resize(timeline.size());
  times_.resize(timeline.size());
  timeline.decode_events<Code>(codes);
  timeline.decode_times(times_);
  for (size_t i = 0; i < codes.size(); ++i) {
    const EventSteps* steps = by_code_[codes[i]];
    if (steps == nullptr || times_[i] < demand_.since || times_[i] >= demand_.until) continue;
    StepMask mask = steps->plain;
    if (!steps->conditional.empty())
      mask |= conditional_steps(*steps, [&](size_t place) { return property(i, place); });
    if (mask == 0) continue;
    fold_->add(times_[i], mask);
    if (fold_->is_complete()) return false;
  }
  return true;
}

bool FunnelReport::chunk(const timeline::TimelineView& timeline,
                         const std::function<Json(size_t i, size_t place)>& property) {
  by_code_.clear();
  bool has_first = false;
  timeline::TimelineView::Index index = timeline.index();
  while (const std::optional<timeline::IndexEntry> entry = index.next()) {
    by_code_.push_back(steps_of(entry->number));
    has_first = has_first || entry->number == steps_.front().event_no;
  }
  // Without a first step, here or before, no chain goes on.
  if (!has_first && fold_->is_empty()) return true;
  return timeline.distinct() <= 256 ? fold<uint8_t>(timeline, property) : fold<uint32_t>(timeline, property);
}

bool FunnelReport::event(Instant time, int32_t event_no, const timeline::PropertyValues& property) {
  const EventSteps* steps = steps_of(event_no);
  if (steps == nullptr) return true;
  const StepMask mask = steps->plain | conditional_steps(*steps, property);
  if (mask != 0) fold_->add(time, mask);
  return !fold_->is_complete();
}

void FunnelReport::end() { ++deepest_[static_cast<size_t>(fold_->finish())]; }

std::vector<int64_t> FunnelReport::users() const {
  std::vector<int64_t> users(deepest_.begin() + 1, deepest_.end());
  std::partial_sum(users.rbegin(), users.rend(), users.rbegin());
  return users;
}

void FunnelReport::add(const std::vector<int64_t>& deepest) {
  for (size_t i = 0; i < deepest_.size(); ++i) deepest_[i] += deepest[i];
}

}  // namespace cdp::analysis
