#include "session/sessionize.hpp"

#include <algorithm>
#include <gtest/gtest.h>
#include <random>

namespace cdp::session {
namespace {

/// Sessions by their definition: sort all events, start anew after each gap longer than the timeout.
std::vector<Span> by_definition(std::vector<Instant> times, Micros timeout) {
  std::sort(times.begin(), times.end());
  std::vector<Span> spans;
  for (size_t i = 0; i < times.size(); ++i) {
    if (i == 0 || times[i].us - times[i - 1].us > timeout) spans.push_back({times[i], times[i], 0});
    spans.back().ended_at = times[i];
    ++spans.back().events;
  }
  return spans;
}

TEST(Sessionize, EndsAfterMoreThanTheTimeout) {
  const std::vector<Instant> times{{0}, {10}, {21}};
  EXPECT_EQ(sessionize({}, times, 10), (std::vector<Span>{{{0}, {10}, 2}, {{21}, {21}, 1}}));
}

TEST(Sessionize, ComesOutAsIfEventsHadComeInOrder) {
  const uint64_t seed = std::random_device()();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937_64 random(seed);
  for (int round = 0; round < 2000; ++round) {
    std::vector<Instant> all;
    std::vector<Span> spans;
    for (int batch = 0; batch < 5; ++batch) {
      std::vector<Instant> times;
      for (uint64_t i = random() % 6; i > 0; --i) times.push_back({static_cast<int64_t>(random() % 200)});
      std::sort(times.begin(), times.end());
      all.insert(all.end(), times.begin(), times.end());
      spans = sessionize(spans, times, 10);
      ASSERT_EQ(spans, by_definition(all, 10));
    }
  }
}

}  // namespace
}  // namespace cdp::session
