#include "pg/spi.hpp"
#include "segment/call.hpp"
#include "segment/list.hpp"
#include "segment/refresh.hpp"

#include <optional>

extern "C" {
#include <access/xact.h>
}

namespace cdp::segment {

bool refresh_due(Instant now, Micros limit) {
  if (IsolationUsesXactSnapshot()) return false;
  std::optional<DueRun> query;
  std::optional<DueRun> call;
  {
    pg::Spi spi;
    query = due_query(spi, now);
    call = due_call(spi, now);
  }
  if (query && (!call || query->at <= call->at)) return refresh_query(query->number, now, limit);
  return call && refresh_call(call->number, now, limit);
}

bool is_refresh_due(Instant now) {
  pg::Spi spi(pg::Spi::Mode::ReadOnly);
  return due_query(spi, now) || due_call(spi, now);
}

}  // namespace cdp::segment
