#include "session/session.hpp"

namespace cdp::session {

namespace {

void take_landing(Session* session, const std::optional<std::string>& url, std::optional<Instant> at) {
  session->landing_page = url;
  session->landing_page_at = at;
}

void take_exit(Session* session, const std::optional<std::string>& url, std::optional<Instant> at) {
  session->exit_page = url;
  session->exit_page_at = at;
}

void take_origin(Session* session, const Circumstances& circumstances, Instant at) {
  session->referrer = circumstances.referrer;
  session->campaign = circumstances.campaign;
  session->origin_at = at;
}

}  // namespace

Session session_of(const Step& step) {
  Session session;
  session.started_at = session.ended_at = step.time;
  session.first_arrival = step.arrival_no;
  session.events = 1;
  session.is_over = step.boundary == Boundary::End;
  session.landing_event_no = session.exit_event_no = step.event_no;
  const Circumstances& said = step.circumstances;
  session.session_id = said.session_id;
  if (said.url) {
    take_landing(&session, said.url, step.time);
    take_exit(&session, said.url, step.time);
  }
  if (said.has_origin()) take_origin(&session, said, step.time);
  return session;
}

bool begins_session(const Session& run, const Step& next, Micros timeout) {
  const std::optional<std::string>& id = next.circumstances.session_id;
  if (run.session_id && id) return *run.session_id != *id;
  return next.boundary == Boundary::Start || run.is_over || next.time > run.ended_at + timeout;
}

void append(Session* session, const Step& step) { append(session, session_of(step)); }

void insert(Session* session, const Step& step) {
  const Circumstances& said = step.circumstances;
  ++session->events;
  if (!session->session_id) session->session_id = said.session_id;
  // An event of equal time was there before.
  if (said.url && (!session->landing_page_at || step.time < *session->landing_page_at))
    take_landing(session, said.url, step.time);
  if (said.url && (!session->exit_page_at || step.time >= *session->exit_page_at))
    take_exit(session, said.url, step.time);
  if (said.has_origin() && (!session->origin_at || step.time < *session->origin_at))
    take_origin(session, said, step.time);
}

void append(Session* session, const Session& next) {
  session->ended_at = next.ended_at;
  session->events += next.events;
  session->is_over = next.is_over;
  session->exit_event_no = next.exit_event_no;
  if (!session->session_id) session->session_id = next.session_id;
  if (!session->landing_page_at) take_landing(session, next.landing_page, next.landing_page_at);
  if (next.exit_page_at) take_exit(session, next.exit_page, next.exit_page_at);
  if (!session->origin_at) {
    session->referrer = next.referrer;
    session->campaign = next.campaign;
    session->origin_at = next.origin_at;
  }
}

}  // namespace cdp::session
