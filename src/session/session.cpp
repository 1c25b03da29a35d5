#include "session/session.hpp"

namespace cdp::session {

namespace {

void take_landing(Session* session, std::optional<std::string> url, std::optional<Instant> at) {
  session->landing_page = std::move(url);
  session->landing_page_at = at;
}

void take_exit(Session* session, std::optional<std::string> url, std::optional<Instant> at) {
  session->exit_page = std::move(url);
  session->exit_page_at = at;
}

void take_origin(Session* session, std::optional<std::string> referrer, Campaign campaign,
                 std::optional<Instant> at) {
  session->referrer = std::move(referrer);
  session->campaign = std::move(campaign);
  session->origin_at = at;
}

}  // namespace

Session session_of(Step step) {
  Session session;
  session.started_at = step.time;
  session.first_arrival = step.arrival_no;
  session.landing_event_no = step.event_no;
  append(&session, std::move(step));
  return session;
}

bool begins_session(const Session& run, const Step& next, Micros timeout) {
  const std::optional<std::string>& id = next.circumstances.session_id;
  if (run.session_id && id) return *run.session_id != *id;
  return next.boundary == Boundary::Start || run.is_over || next.time > run.ended_at + timeout;
}

void append(Session* session, Step step) {
  Circumstances& said = step.circumstances;
  session->ended_at = step.time;
  ++session->events;
  session->is_over = step.boundary == Boundary::End;
  session->exit_event_no = step.event_no;
  if (!session->session_id) session->session_id = std::move(said.session_id);
  if (!session->origin_at && said.has_origin())
    take_origin(session, std::move(said.referrer), std::move(said.campaign), step.time);
  if (!said.url) return;
  if (!session->landing_page_at) take_landing(session, said.url, step.time);
  take_exit(session, std::move(said.url), step.time);
}

void insert(Session* session, Step step) {
  Circumstances& said = step.circumstances;
  ++session->events;
  if (!session->session_id) session->session_id = std::move(said.session_id);
  // An event of equal time was there before.
  if (said.has_origin() && (!session->origin_at || step.time < *session->origin_at))
    take_origin(session, std::move(said.referrer), std::move(said.campaign), step.time);
  if (!said.url) return;
  if (!session->landing_page_at || step.time < *session->landing_page_at)
    take_landing(session, said.url, step.time);
  if (!session->exit_page_at || step.time >= *session->exit_page_at)
    take_exit(session, std::move(said.url), step.time);
}

void append(Session* session, Session next) {
  session->ended_at = next.ended_at;
  session->events += next.events;
  session->is_over = next.is_over;
  session->exit_event_no = next.exit_event_no;
  if (!session->session_id) session->session_id = std::move(next.session_id);
  if (!session->landing_page_at) take_landing(session, std::move(next.landing_page), next.landing_page_at);
  if (next.exit_page_at) take_exit(session, std::move(next.exit_page), next.exit_page_at);
  if (!session->origin_at)
    take_origin(session, std::move(next.referrer), std::move(next.campaign), next.origin_at);
}

}  // namespace cdp::session
