#include "session/sessionize.hpp"

#include <algorithm>

namespace cdp::session {

std::vector<Span> sessionize(std::span<const Span> spans, std::span<const Instant> times, Micros timeout) {
  std::vector<Span> result;
  const auto add = [&](const Span& next) {
    if (result.empty() || next.started_at > result.back().ended_at + timeout) {
      result.push_back(next);
      return;
    }
    result.back().ended_at = std::max(result.back().ended_at, next.ended_at);
    result.back().events += next.events;
  };
  size_t span = 0;
  for (const Instant time : times) {
    for (; span < spans.size() && spans[span].started_at <= time; ++span) add(spans[span]);
    add({time, time, 1});
  }
  for (; span < spans.size(); ++span) add(spans[span]);
  return result;
}

}  // namespace cdp::session
