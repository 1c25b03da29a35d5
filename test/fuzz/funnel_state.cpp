// Any bytes as the text and as the body of a funnel's state: they are refused, or come out as they went in
// and fold to a depth within bounds, the same from whatever order.

#include "analysis/funnel_state.hpp"

#include "base/error.hpp"

#include <cstdlib>
#include <cstring>

using namespace cdp::analysis;

namespace {

void require(bool holds) {
  if (!holds) std::abort();
}

void fold(cdp::ByteView body) {
  FunnelDefinition definition;
  definition.steps = body[2];
  std::memcpy(&definition.within, body.data() + 12, sizeof(definition.within));
  std::vector<FunnelEvent> events((body.size() - kFunnelStateBodyHeader) / sizeof(FunnelEvent));
  if (!events.empty())
    std::memcpy(static_cast<void*>(events.data()), body.data() + kFunnelStateBodyHeader,
                events.size() * sizeof(FunnelEvent));
  sort_by_time(events);
  const int depth = funnel_depth(definition, events);
  require(depth >= 0 && depth <= definition.steps);
  for (size_t i = 0; i + 1 < events.size(); ++i)
    if (events[i].time == events[i + 1].time) std::swap(events[i], events[i + 1]);
  require(funnel_depth(definition, events) == depth);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const cdp::ByteView bytes(data, size);
  if (funnel_state_problem(bytes) == nullptr) {
    const std::string text = funnel_state_to_text(bytes);
    const std::string read = funnel_state_from_text(text);
    require(read.size() == size && std::memcmp(read.data(), data, size) == 0);
    fold(bytes);
  }
  try {
    const std::string body = funnel_state_from_text({reinterpret_cast<const char*>(data), size});
    const cdp::ByteView view(reinterpret_cast<const uint8_t*>(body.data()), body.size());
    require(funnel_state_problem(view) == nullptr);
    fold(view);
  } catch (const cdp::Error&) {
  }
  return 0;
}
