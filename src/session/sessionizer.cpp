#include "session/sessionizer.hpp"

#include "base/interrupt.hpp"

#include <limits>

namespace cdp::session {

namespace {

constexpr int64_t kFirstArrival = std::numeric_limits<int64_t>::min();
constexpr int64_t kLastArrival = std::numeric_limits<int64_t>::max();

Key just_before(const Key& key) {
  if (key.second != kFirstArrival) return {key.first, key.second - 1};
  return {Instant{key.first.us - 1}, kLastArrival};
}

}  // namespace

void Sessionizer::load_last() {
  if (is_last_known_) return;
  is_last_known_ = true;
  const std::optional<Session> last = stored_.last();
  if (!last) return;
  last_ = key_of(*last);
  load(*last);
}

Session* Sessionizer::load(Session session) {
  const Key key = key_of(session);
  was_.emplace(key, session);
  return &now_.emplace(key, std::move(session)).first->second;
}

Session* Sessionizer::at_or_before(const Key& key) {
  load_last();
  auto known = now_.upper_bound(key);
  Session* found = known == now_.begin() ? nullptr : &std::prev(known)->second;
  if (found != nullptr && last_ && key_of(*found) >= *last_) return found;
  // One that is stored and was not looked at yet may be nearer.
  Key bound = key;
  for (;;) {
    std::optional<Session> stored = last_ ? stored_.at_or_before(bound) : std::nullopt;
    if (!stored || (found != nullptr && key_of(*stored) <= key_of(*found))) return found;
    if (!was_.contains(key_of(*stored))) return load(std::move(*stored));
    bound = just_before(key_of(*stored));
  }
}

Session* Sessionizer::after(const Key& key) {
  load_last();
  const auto known = now_.upper_bound(key);
  Session* found = known == now_.end() ? nullptr : &known->second;
  Key bound = key;
  while (last_ && bound < *last_) {
    std::optional<Session> stored = stored_.after(bound);
    if (!stored || (found != nullptr && key_of(*stored) >= key_of(*found))) break;
    if (!was_.contains(key_of(*stored))) return load(std::move(*stored));
    bound = key_of(*stored);
  }
  return found;
}

void Sessionizer::add(std::span<Step> steps) {
  folded_until_.reset();
  for (Step& step : steps)
    if (!folded_until_ || key_of(step) > *folded_until_) place(step);
}

void Sessionizer::place(Step& step) {
  const Key key = key_of(step);
  Session* session = at_or_before(key);
  if (session != nullptr && step.time < session->ended_at) {
    const Key start = key_of(*session);
    if (!fits_inside(*session, step)) return fold(start, key);
    insert(session, std::move(step));
    return join_following(start);
  }
  if (session != nullptr && !begins_session(*session, step, timeout_)) {
    append(session, std::move(step));
  } else {
    session = &now_.emplace(key, session_of(std::move(step))).first->second;
  }
  join_following(key_of(*session));
}

/// Whether the session stays one with `step` in its middle: enough to know so, from the event before alone.
/// The event behind went on with that one: by its id, or since it is near, and then it is nearer to `step`.
bool Sessionizer::fits_inside(const Session& session, const Step& step) {
  if (step.boundary != Boundary::None) return false;
  const std::optional<std::string>& id = step.circumstances.session_id;
  if (id && session.session_id && *id != *session.session_id) return false;
  const std::optional<Step> previous = stored_.before(key_of(step));
  return previous && previous->boundary != Boundary::End && step.time <= previous->time + timeout_;
}

/// What was appended to the session that starts at `key` may make the one behind a part of it.
void Sessionizer::join_following(const Key& key) {
  Session* session = &now_.at(key);
  while (Session* next = after(key)) {
    std::optional<Step> first;
    stored_.from(key_of(*next), [&](const Step& step) {
      first = step;
      return false;
    });
    if (!first || begins_session(*session, *first, timeout_)) return;
    if (session->session_id && next->session_id && *session->session_id != *next->session_id)
      return fold(key, key_of(*first));
    const Key joined = key_of(*next);
    append(session, std::move(*next));
    now_.erase(joined);
  }
}

/// Makes sessions anew from the event at `from` to one after `until` at which a known session starts anyway.
/// `before` is the session that ends with the event before, which may go on.
void Sessionizer::fold(const Key& from, const Key& until, const Session* before) {
  std::vector<Session> made;
  std::vector<Key> outdated;
  if (before != nullptr) {
    made.push_back(*before);
    outdated.push_back(key_of(*before));
  }
  Session* known = at_or_before(from);
  if (known == nullptr || key_of(*known) < from) known = after(from);
  Key passed = from;
  stored_.from(from, [&](const Step& step) {
    check_interrupts();
    const Key key = key_of(step);
    const bool begins = made.empty() || begins_session(made.back(), step, timeout_);
    while (known != nullptr && key_of(*known) <= key) {
      if (begins && key_of(*known) == key && key > until) return false;
      outdated.push_back(key_of(*known));
      known = after(key_of(*known));
    }
    passed = key;
    if (begins) {
      made.push_back(session_of(step));
    } else {
      append(&made.back(), step);
    }
    return true;
  });
  for (const Key& key : outdated) now_.erase(key);
  for (Session& session : made) {
    const Key key = key_of(session);
    now_.insert_or_assign(key, std::move(session));
  }
  if (!folded_until_ || passed > *folded_until_) folded_until_ = passed;
}

void Sessionizer::redo(Instant from, Instant until) {
  if (folded_until_ && folded_until_->first > until) return;
  const Key last{until, kLastArrival};
  const Session* session = at_or_before({from, kFirstArrival});
  if (session == nullptr) return fold({from, kFirstArrival}, last);
  if (session->ended_at >= from) return fold(key_of(*session), last);
  fold({Instant{session->ended_at.us + 1}, kFirstArrival}, last, session);
}

Sessionizer::Changes Sessionizer::changes() const {
  Changes changes;
  for (const auto& [key, was] : was_) {
    const auto is = now_.find(key);
    if (is == now_.end()) {
      changes.removed.push_back(&was);
    } else if (!(is->second == was)) {
      changes.changed.emplace_back(&was, &is->second);
    }
  }
  for (const auto& [key, session] : now_)
    if (!was_.contains(key)) changes.added.push_back(&session);
  return changes;
}

}  // namespace cdp::session
