#include "worker/batch_pg.hpp"

#include "base/interrupt.hpp"
#include "decision/feedback.hpp"
#include "event/store.hpp"
#include "pg/spi.hpp"
#include "profile/directory.hpp"
#include "segment/catalog.hpp"
#include "session/store.hpp"
#include "timeline/kept_histories.hpp"
#include "timeline/logged.hpp"
#include "timeline/packing.hpp"

#include <algorithm>
#include <map>
#include <optional>
#include <string_view>
#include <unordered_set>
#include <utility>
#include <vector>

namespace cdp::worker {

namespace {

/// The effects of a piece of messages, room by room.
class Batch {
 public:
  Batch(pg::Spi& spi, Piece& piece, segment::Clock clock, StageTimes& times)
      : spi_(spi),
        now_(clock.now),
        followed_until_(clock.until),
        times_(times),
        piece_(piece),
        messages_(piece.reading().messages),
        events_(piece.events()) {}

  void apply() {
    in(Stage::Read, [&] { read(); });
    in(Stage::Deduplicate, [&] { event::remove_repetitions(spi_, &messages_); });
    in(Stage::Identify, [&] { resolve(); });
    store();
    in(Stage::Follow, [&] { follow(); });
    event::store_dead_letters(spi_, piece_.reading().dead);
  }

 private:
  template <class F>
  void in(Stage stage, F&& f) {
    const StageTimes::Timer timer(times_, stage);
    f();
  }

  void read() {
    piece_.read(event::current_reading_rules());
    piece_.reading().violations.store(spi_);
  }

  void resolve() {
    directory_.emplace(spi_, messages_);
    for (const event::Received& received : messages_) {
      check_interrupts();
      users_.push_back(directory_->resolve(received));
    }
    // Later messages may have merged people that earlier ones were about.
    for (int64_t& user_no : users_) user_no = directory_->current(user_no);
    directory_->save(now_);
    move_merged();
    drop_logged();
  }

  /// Repetitions that only their users' events know of.
  void drop_logged() {
    const std::vector<size_t> logged = timeline::find_logged(spi_, messages_, users_);
    if (logged.empty()) return;
    size_t kept = 0;
    auto next = logged.begin();
    for (size_t i = 0; i < messages_.size(); ++i) {
      if (next != logged.end() && *next == i) {
        ++next;
        continue;
      }
      if (kept != i) messages_[kept] = std::move(messages_[i]);
      users_[kept++] = users_[i];
    }
    messages_.resize(kept);
    users_.resize(kept);
  }

  /// Makes all that losers did and were the winners'.
  void move_merged() {
    std::vector<segment::Merged> merged;
    std::map<int64_t, std::vector<int64_t>> losers_of;
    for (const profile::Merge& merge : directory_->merges()) {
      check_interrupts();
      const int64_t winner = directory_->current(merge.winner);
      event::move_events(spi_, merge.loser, winner);
      decision::merge_user(spi_, merge.loser, winner);
      merged.push_back({merge.loser, winner, merge.at, merge.received_at});
      losers_of[winner].push_back(merge.loser);
    }
    for (const auto& [winner, parts] : losers_of) timeline::unpack_users(spi_, parts, winner);
    for (const auto& [winner, parts] : losers_of) session::merge_users(spi_, parts, winner, now_);
    segment::merge_users(spi_, merged, now_);
    for (const auto& [winner, parts] : losers_of) {
      timeline::note_changed(spi_, parts);
      timeline::note_changed(spi_, std::span(&winner, 1));
    }
  }

  void store() {
    std::vector<std::string> names;
    std::unordered_set<std::string_view> found;
    for (const event::Received& received : messages_) {
      if (received.message.kind != event::MessageKind::Track) continue;
      if (found.insert(received.message.event).second) names.push_back(received.message.event);
    }
    std::sort(names.begin(), names.end());
    const auto event_numbers = event::event_numbers(spi_, names);

    std::vector<const event::Received*> origins;
    std::vector<session::Circumstances*> circumstances;
    events_.reserve(messages_.size());
    origins.reserve(messages_.size());
    circumstances.reserve(messages_.size());
    for (size_t i = 0; i < messages_.size(); ++i) {
      event::Message& message = messages_[i].message;
      if (message.kind != event::MessageKind::Track) continue;
      events_.push_back({users_[i], event_numbers.at(message.event), 0, message.event, message.time,
                         message.received_at, std::move(message.properties), std::move(message.context)});
      origins.push_back(&messages_[i]);
      circumstances.push_back(&piece_.circumstances()[messages_[i].number]);
    }
    in(Stage::Store, [&] {
      event::store_events(spi_, events_, origins);
      std::vector<timeline::StoredTime> stored;
      for (const event::Event& event : events_) stored.push_back({event.user_no, event.time});
      timeline::note_stored(spi_, stored);
    });
    const auto last_seen = [this](int64_t user_no) { return directory_->profile(user_no).last_seen_before; };
    in(Stage::Sessions, [&] { session::add_events(spi_, events_, circumstances, last_seen, now_); });
    in(Stage::Feedback, [&] { decision::take_feedback(spi_, events_); });
  }

  void follow() {
    const segment::Catalog& catalog = segment::Catalog::current(spi_);
    if (catalog.is_empty()) return;
    std::map<std::string_view, int> demanded;
    for (size_t i = 0; i < catalog.demand().events().size(); ++i)
      demanded.emplace(catalog.demand().events()[i], static_cast<int>(i));

    std::map<int64_t, std::vector<segment::Occurrence>> occurrences;
    using Kind = segment::Occurrence::Kind;
    // Before the messages, so that what a merge changes bears its name and not that of the message behind it.
    for (const profile::Merge& merge : directory_->merges())
      occurrences[directory_->current(merge.winner)].push_back(
          {Kind::Everything, 0, merge.at, merge.received_at, segment::Reason::Merge});
    for (const profile::Renamed& renamed : directory_->renamed())
      occurrences[directory_->current(renamed.user_no)].push_back(
          {Kind::UserId, 0, renamed.at, renamed.received_at, segment::Reason::Trait});
    for (size_t i = 0; i < messages_.size(); ++i) {
      const event::Message& message = messages_[i].message;
      segment::Occurrence occurrence{Kind::Event, timeline::History::kOther, message.time,
                                     message.received_at, segment::Reason::Event};
      if (message.kind == event::MessageKind::Track) {
        if (const auto found = demanded.find(message.event); found != demanded.end())
          occurrence.event = found->second;
      } else {
        occurrence.kind = Kind::Traits;
        occurrence.reason = segment::Reason::Trait;
      }
      occurrences[users_[i]].push_back(occurrence);
    }

    std::vector<segment::Touched> touched;
    for (auto& [user_no, happened] : occurrences) {
      const profile::Profile& profile = directory_->profile(user_no);
      touched.push_back(
          {user_no, profile.user_id.value_or(""), profile.traits, profile.trait_times, std::move(happened)});
    }
    segment::follow(spi_, catalog, std::move(touched), {followed_until_, now_});
  }

  pg::Spi& spi_;
  Instant now_;
  Instant followed_until_;
  StageTimes& times_;
  Piece& piece_;
  std::vector<event::Received>& messages_;
  std::vector<event::Event>& events_;
  std::vector<int64_t> users_;  ///< of each message
  std::optional<profile::Directory> directory_;
};

}  // namespace

void apply_batch(pg::Spi& spi, Piece& piece, segment::Clock clock, StageTimes& times) {
  Batch(spi, piece, clock, times).apply();
}

}  // namespace cdp::worker
