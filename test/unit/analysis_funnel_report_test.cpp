#include "analysis/funnel_report.hpp"
#include "timeline/packed.hpp"

#include <algorithm>
#include <gtest/gtest.h>
#include <random>

/// Reports over histories in pieces, packed and not, beside the funnel over all of a user's events.
namespace cdp::analysis {
namespace {

struct Event {
  Instant time;
  int32_t number = 0;
  int value = 0;
};

struct Step {
  int32_t number = 0;
  bool has_condition = false;  ///< value > 0
};

struct Question {
  std::vector<Step> steps;
  Micros within = 0;
  Instant since = Instant::min();
  Instant until = Instant::max();
};

FunnelReport report_of(const Question& question) {
  std::vector<ReportStep> steps;
  for (const Step& step : question.steps) {
    const std::string name = "e" + std::to_string(step.number);
    steps.push_back(read_step(step.has_condition ? name + " where value > 0" : name, false));
    steps.back().event_no = step.number;
  }
  return {std::move(steps), question.within, question.since, question.until};
}

int depth_of(const Question& question, const std::vector<Event>& events) {
  std::vector<FunnelEvent> seen;
  for (const Event& event : events) {
    if (event.time < question.since || event.time >= question.until) continue;
    StepMask mask = 0;
    for (size_t i = 0; i < question.steps.size(); ++i)
      if (question.steps[i].number == event.number && (!question.steps[i].has_condition || event.value > 0))
        mask |= StepMask{1} << i;
    seen.push_back({event.time, mask});
  }
  return funnel_depth({static_cast<int>(question.steps.size()), question.within}, seen);
}

/// Shows a user's events as a scan does: some chunks, then events one by one.
class Shown {
 public:
  Shown(FunnelReport& report, const std::vector<Event>& events, size_t chunks, size_t packed)
      : report_(report), events_(events) {
    report.begin(1);
    bool is_wanted = true;
    for (size_t chunk = 0; chunk < chunks && is_wanted; ++chunk)
      is_wanted = show_chunk(packed * chunk / chunks, packed * (chunk + 1) / chunks,
                             chunks == 1 && packed == events.size());
    for (size_t i = packed; i < events.size() && is_wanted; ++i) is_wanted = show_event(i);
    report.end();
  }

 private:
  bool show_chunk(size_t begin, size_t end, bool is_all) {
    std::vector<timeline::NumberedEvent> packed;
    for (size_t i = begin; i < end; ++i) packed.push_back({events_[i].time, events_[i].number, false});
    const std::string bytes = timeline::pack_timeline(std::span<const timeline::NumberedEvent>(packed));
    const timeline::TimelineView view =
        timeline::TimelineView::open({reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size()});
    std::vector<int32_t> places;
    const timeline::TimelineView::Match match = view.match(report_.demand().events, places);
    if (match.count == 0) return true;
    const timeline::ChunkProperties property = [&](size_t i, size_t) {
      return Json(events_[begin + i].value);
    };
    return report_.chunk({view, places, match, is_all, property});
  }

  bool show_event(size_t i) {
    const Event& event = events_[i];
    const int32_t place = report_.demand().place_of(event.number);
    if (place < 0 || event.time < report_.demand().since || event.time >= report_.demand().until) return true;
    return report_.event(event.time, place, [&](size_t) { return Json(event.value); });
  }

  FunnelReport& report_;
  const std::vector<Event>& events_;
};

std::string text_of(const Question& question, const std::vector<Event>& events) {
  std::string text = "within " + std::to_string(question.within) + " from " +
                     std::to_string(question.since.us) + " to " + std::to_string(question.until.us) +
                     ", steps";
  for (const Step& step : question.steps)
    text += " " + std::to_string(step.number) + (step.has_condition ? "?" : "");
  text += ", events";
  for (const Event& event : events)
    text += " " + std::to_string(event.time.us) + ":" + std::to_string(event.number) +
            (event.value > 0 ? "+" : "");
  return text;
}

TEST(FunnelReport, AgreesWithTheFunnelOverAllEvents) {
  std::mt19937_64 random(20241126);
  const auto below = [&](uint64_t end) { return static_cast<int64_t>(random() % end); };
  std::vector<int> depths(5);
  for (int round = 0; round < 60000; ++round) {
    Question question;
    const int64_t steps = 1 + below(4);
    const bool are_different = below(2) == 0;
    for (int64_t i = 0; i < steps; ++i)
      question.steps.push_back({static_cast<int32_t>(are_different ? i + 1 : 1 + below(4)), below(4) == 0});
    question.within = below(3) == 0 ? below(4) : below(30);
    if (below(4) == 0) question.since = {below(15)};
    if (below(4) == 0) question.until = {below(25)};
    std::vector<Event> events(static_cast<size_t>(below(3) == 0 ? below(40) : below(6)));
    const int64_t numbers = 1 + below(6);
    for (Event& event : events)
      event = {{below(below(2) == 0 ? 8 : 40)},
               static_cast<int32_t>(1 + below(static_cast<uint64_t>(numbers))),
               static_cast<int>(below(2))};
    std::stable_sort(events.begin(), events.end(),
                     [](const Event& a, const Event& b) { return a.time < b.time; });

    const int expected = depth_of(question, events);
    const size_t packed = below(2) == 0 ? events.size() : static_cast<size_t>(below(events.size() + 1));
    const size_t chunks = packed == 0 ? 0 : 1 + (below(2) == 0 ? 0 : static_cast<size_t>(below(packed)) % 4);
    FunnelReport report = report_of(question);
    const Shown shown(report, events, chunks, packed);
    std::vector<int64_t> deepest(question.steps.size() + 1);
    deepest[static_cast<size_t>(expected)] = 1;
    ASSERT_EQ(report.deepest(), deepest) << "round " << round << ": " << chunks << " chunks of " << packed
                                         << "; " << text_of(question, events);
    ++depths[static_cast<size_t>(expected)];
  }
  for (const int of_depth : depths) EXPECT_GT(of_depth, 500);
}

}  // namespace
}  // namespace cdp::analysis
