#include "segment/progress_pg.hpp"

extern "C" {
#include <pgstat.h>
#include <tcop/tcopprot.h>
#include <utils/backend_status.h>
}

namespace cdp::segment {

Progress::Progress(const std::vector<const Definition*>& segments, int64_t last_user)
    : last_user_(last_user) {
  // At the end, where the server cuts a long text.
  for (const Definition* segment : segments)
    segments_ += (segment == segments.front() ? "" : ", ") + segment->name;
  tell(0);
}

Progress::~Progress() {
  pgstat_report_activity(STATE_RUNNING,
                         debug_query_string != nullptr ? debug_query_string : "taking messages");
}

void Progress::reached(int64_t user_no) {
  constexpr int64_t kStep = 10000;
  if (user_no >= told_ + kStep || user_no >= last_user_) tell(user_no);
}

void Progress::tell(int64_t user_no) {
  told_ = user_no;
  const std::string text = "cdp: computing members: user " + std::to_string(user_no) + " of " +
                           std::to_string(last_user_) + ", segment " + segments_;
  pgstat_report_activity(STATE_RUNNING, text.c_str());
}

}  // namespace cdp::segment
