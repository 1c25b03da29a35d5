#include "analysis/funnel_report.hpp"

#include "base/error.hpp"
#include "rule/rule.hpp"

#include <algorithm>
#include <bit>
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
    if (did == nullptr || did->window.kind != rule::Window::Kind::Always || !did->events.event)
      refuse_step(text, "it is no event with a condition");
    return {*did->events.event, -1, did->events.where};
  } catch (const Error& error) {
    if (error.category() == Category::Cancelled || error.category() == Category::BadValue) throw;
    // A name that no event has yet, and that rules would have in quotes.
    if (text.find("where") == std::string_view::npos) return {std::string(text), -1, nullptr};
    refuse_step(text, error.message());
  }
}

FunnelUsers split_users(const timeline::EventUsers& first, const timeline::EventUsers& second) {
  FunnelUsers users;
  users.open = first.possible;
  users.open -= first.certain;
  bitmap::Bitmap both = first.possible;
  both &= second.possible;
  users.open |= both;
  bitmap::Bitmap others = first.certain;
  others -= users.open;
  users.only_first = static_cast<int64_t>(others.cardinality());
  return users;
}

FunnelReport::FunnelReport(std::vector<ReportStep> steps, Micros within, Instant since, Instant until)
    : steps_(std::move(steps)),
      within_(within),
      fold_({static_cast<int>(steps_.size()), within}),
      deepest_(steps_.size() + 1) {
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
    for (const rule::ValuePath& path : rule::paths_of(*step.where)) {
      const timeline::PropertyPath needed = property_path(path);
      const auto known = std::find(demand_.properties.begin(), demand_.properties.end(), needed);
      paths_[i].push_back({path, static_cast<size_t>(known - demand_.properties.begin())});
      if (known == demand_.properties.end()) demand_.properties.push_back(needed);
    }
  }
  for (const EventSteps& event : events_) {
    demand_.events.push_back(event.event_no);
    has_single_steps_ =
        has_single_steps_ && static_cast<size_t>(std::popcount(event.plain)) + event.conditional.size() == 1;
  }
  for (const ReportStep& step : steps_) places_.push_back(demand_.place_of(step.event_no));
}

void FunnelReport::restrict_to_users(int64_t first, int64_t last) {
  demand_.first_user = first;
  demand_.last_user = last;
}

StepMask FunnelReport::conditional_steps(const EventSteps& steps,
                                         const timeline::PropertyValues& property) const {
  StepMask mask = 0;
  for (const size_t i : steps.conditional) {
    const std::vector<StepPath>& paths = paths_[i];
    const auto value = [&](const rule::ValuePath& path) {
      const auto found =
          std::find_if(paths.begin(), paths.end(), [&](const StepPath& known) { return known.path == path; });
      return property(found->column);
    };
    if (rule::holds_for_event(*steps_[i].where, value)) mask |= StepMask{1} << i;
  }
  return mask;
}

void FunnelReport::begin(int64_t /*user_no*/) { fold_.clear(); }

/// How many of the first steps an event of the chunk may take a chain to.
size_t FunnelReport::reachable_steps(const timeline::ScannedChunk& chunk) const {
  auto step = static_cast<size_t>(fold_.depth());
  while (step < steps_.size() && (has_step(chunk, step) || (fold_.pending_steps() >> step & 1) != 0)) ++step;
  return step;
}

/// `begin`: which event of the chunk the first one is. Changes `codes`.
template <class Code>
void FunnelReport::fold_single_steps(const timeline::ScannedChunk& chunk, std::span<Code> codes,
                                     std::span<const Instant> times, size_t begin) {
  // What follows may be tied with the last events, so that these may take steps that the others cannot.
  size_t end = times.size();
  while (!chunk.is_all && end > 0 && times[end - 1] == times.back()) --end;
  const size_t reachable = reachable_steps(chunk);
  step_of_code_.assign(chunk.places.size() + 1, 0);
  for (size_t code = 0; code < chunk.places.size(); ++code) {
    if (chunk.places[code] < 0) continue;
    const EventSteps& event = events_[static_cast<size_t>(chunk.places[code])];
    const size_t step = event.single();
    if (step >= reachable) continue;
    step_of_code_[code] = static_cast<uint8_t>(step + 1);
    if (event.conditional.empty()) continue;
    // Events for which the condition does not hold become others, of no step.
    for (size_t i = 0; i < end; ++i)
      if (codes[i] == code &&
          conditional_steps(event, [&](size_t column) { return chunk.property(begin + i, column); }) == 0)
        codes[i] = static_cast<Code>(chunk.places.size());
  }
  fold_.add_run<Code>(times.first(end), codes.first(end), step_of_code_);
  for (size_t i = end; i < times.size(); ++i) fold_event(chunk, codes[i], begin + i, times[i]);
}

/// Adds the i-th event of a chunk, of a code, whatever steps it has.
void FunnelReport::fold_event(const timeline::ScannedChunk& chunk, uint32_t code, size_t i, Instant time) {
  const int32_t place = chunk.places[code];
  if (place < 0) return;
  const EventSteps& steps = events_[static_cast<size_t>(place)];
  StepMask mask = steps.plain;
  if (!steps.conditional.empty())
    mask |= conditional_steps(steps, [&](size_t column) { return chunk.property(i, column); });
  if (mask != 0) fold_.add(time, mask);
}

template <class Code>
void FunnelReport::fold(const timeline::ScannedChunk& chunk, std::span<Code> codes,
                        std::span<const Instant> times) {
  size_t begin = 0;
  size_t end = codes.size();
  const auto place_of = [&](Instant time) {
    return static_cast<size_t>(std::lower_bound(times.begin(), times.end(), time) - times.begin());
  };
  if (chunk.timeline.first() < demand_.since) begin = place_of(demand_.since);
  if (chunk.timeline.last() >= demand_.until) end = place_of(demand_.until);
  if (begin >= end) return;
  if (has_single_steps_)
    return fold_single_steps(chunk, codes.first(end).subspan(begin), times.subspan(begin, end - begin),
                             begin);
  for (size_t i = begin; i < end && !fold_.is_complete(); ++i) fold_event(chunk, codes[i], i, times[i]);
}

bool FunnelReport::has_step(const timeline::ScannedChunk& chunk, size_t step) const {
  return places_[step] >= 0 && chunk.has(places_[step]);
}

/// Folds what the index tells of all of a user's events, if that is enough. Says whether it was.
bool FunnelReport::fold_index(const timeline::ScannedChunk& chunk) {
  const bool is_plain =
      std::all_of(steps_.begin(), steps_.begin() + std::min<ptrdiff_t>(2, std::ssize(steps_)),
                  [](const ReportStep& step) { return step.where == nullptr; });
  if (!has_single_steps_ || !is_plain || !is_within_time(chunk.timeline)) return false;
  const size_t reachable = reachable_steps(chunk);
  if (reachable == 1) fold_.add(chunk.timeline.first(), 1);
  if (reachable != 2) return reachable < 2;
  timeline::IndexEntry first{};
  timeline::IndexEntry second{};
  timeline::TimelineView::Index index = chunk.timeline.index();
  for (int missing = 2; missing > 0;) {
    const timeline::IndexEntry entry = *index.next();
    const int32_t place = chunk.places[entry.code];
    if (place != places_[0] && place != places_[1]) continue;
    (place == places_[0] ? first : second) = entry;
    --missing;
  }
  const auto reaches = [&](Instant from, Instant to) { return from <= to && to <= from + within_; };
  const bool is_late = reaches(first.last, second.last);
  if (!is_late && !reaches(first.first, second.first) && first.first <= second.last) return false;
  fold_.add(is_late ? first.last : first.first, 1);
  if (first.first <= second.last) fold_.add(is_late ? second.last : second.first, 2);
  return true;
}

bool FunnelReport::chunk(const timeline::ScannedChunk& chunk) {
  if (chunk.is_all && fold_index(chunk)) return !fold_.is_complete();
  room_.decode(chunk.timeline,
               [&](auto codes, std::span<const Instant> times) { fold(chunk, codes, times); });
  return !fold_.is_complete();
}

bool FunnelReport::event(Instant time, int32_t place, const timeline::PropertyValues& property) {
  const EventSteps& steps = events_[static_cast<size_t>(place)];
  const StepMask mask = steps.plain | conditional_steps(steps, property);
  if (mask != 0) fold_.add(time, mask);
  return !fold_.is_complete();
}

void FunnelReport::end() { ++deepest_[static_cast<size_t>(fold_.finish())]; }

std::vector<int64_t> FunnelReport::users() const {
  std::vector<int64_t> users(deepest_.begin() + 1, deepest_.end());
  std::partial_sum(users.rbegin(), users.rend(), users.rbegin());
  return users;
}

void FunnelReport::add(const std::vector<int64_t>& deepest) {
  for (size_t i = 0; i < deepest_.size(); ++i) deepest_[i] += deepest[i];
}

}  // namespace cdp::analysis
