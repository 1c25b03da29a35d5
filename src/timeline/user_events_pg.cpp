#include "event/recent.hpp"
#include "pg/index_lookup.hpp"
#include "pg/memory.hpp"
#include "pg/spi.hpp"
#include "timeline/property_names.hpp"
#include "timeline/recent_rows_pg.hpp"
#include "timeline/stored_chunks_pg.hpp"
#include "timeline/user_events.hpp"

#include <algorithm>
#include <utility>
#include <vector>

namespace cdp::timeline {

namespace {

using pg::IndexLookup;

/// One place where a user's events lie.
class Source : public StoredEvent {
 public:
  virtual void seek(int64_t user_no, Instant time, bool is_up) = 0;
  /// Says whether there is a further event, which this is then.
  virtual bool next() = 0;
};

class RecentSource : public Source {
 public:
  RecentSource(const event::RecentTable& table, pg::Sees sees) : rows_("cdp", table.table, table.key, sees) {}

  void seek(int64_t user_no, Instant time, bool is_up) override {
    if (is_up)
      rows_.seek_up(user_no, time);
    else
      rows_.seek_down(user_no, time);
  }
  bool next() override {
    row_ = rows_.next();
    return row_.has_value();
  }

  EventKey key() const override {
    return {row_->instant(event::kRecentTime), row_->bigint(event::kRecentArrival)};
  }
  int32_t event_no() const override { return row_->integer(event::kRecentEvent); }
  std::optional<std::string> insert_id() const override {
    return row_->is_null(event::kRecentInsertId)
               ? std::nullopt
               : std::optional(std::string(row_->text(event::kRecentInsertId)));
  }
  std::string source() const override { return std::string(row_->text(event::kRecentSource)); }
  Json properties() const override { return row_->json(event::kRecentProperties); }
  Json context() const override { return row_->json(event::kRecentContext); }
  Instant received_at() const override { return row_->instant(event::kRecentReceived); }
  Json property(const PropertyPath& path) const override { return recent_value(*row_, path); }

 private:
  IndexLookup rows_;
  std::optional<IndexLookup::Row> row_;
};

/// The packed events, chunk by chunk.
class PackedSource : public Source {
 public:
  PackedSource(pg::Spi& spi, pg::Sees sees) : rows_("cdp", "timeline", "timeline_pkey", sees), names_(spi) {}

  void seek(int64_t user_no, Instant time, bool is_up) override {
    is_up_ = is_up;
    time_ = time;
    events_.clear();
    at_ = 0;
    if (is_up) {
      // Chunks that begin before may reach to that time.
      Instant since = time;
      rows_.seek_down(user_no, time);
      for (auto row = rows_.next(); row && row->instant(kChunkLast) >= time; row = rows_.next())
        since = row->instant(kChunkFirst);
      rows_.seek_up(user_no, since);
    } else {
      rows_.seek_down(user_no, time);
    }
  }

  bool next() override {
    for (;;) {
      for (; !events_.empty() && ++at_ < events_.size();)
        if (is_up_ ? event().time >= time_ : event().time <= time_) return true;
      if (!read_chunk()) return false;
    }
  }

  EventKey key() const override { return event().key(); }
  int32_t event_no() const override { return event().event_no; }
  std::optional<std::string> insert_id() const override { return event().details.insert_id; }
  std::string source() const override { return event().details.source; }
  Json properties() const override { return event().details.properties; }
  Json context() const override { return event().details.context; }
  Instant received_at() const override { return event().details.received_at; }
  Json property(const PropertyPath& path) const override { return value_of(event().details, path); }

 private:
  /// The events are in their order, whichever way they are walked.
  const PackableEvent& event() const { return events_[is_up_ ? at_ : events_.size() - 1 - at_]; }

  bool read_chunk() {
    const std::optional<pg::StoredRow> row = rows_.next();
    if (!row) return false;
    events_ = events_of(*row, names_);
    at_ = SIZE_MAX;  // before the first
    return true;
  }

  IndexLookup rows_;
  StoredPropertyNames names_;
  bool is_up_ = true;
  Instant time_;
  std::vector<PackableEvent> events_;
  size_t at_ = 0;
};

}  // namespace

/// The tables that hold events, opened when they are first needed.
class UserEvents::Sources {
 public:
  explicit Sources(pg::Spi& spi)
      : spi_(spi),
        context_(CurrentMemoryContext),
        tables_(event::RecentTables::read(spi)),
        sees_(spi.sees()) {}

  void walk(int64_t user_no, Instant time, bool is_up, const Visit& visit) {
    std::vector<Source*> open;
    const auto add = [&](Source& source) {
      source.seek(user_no, time, is_up);
      if (source.next()) open.push_back(&source);
    };
    add(opened(recent_, tables_.open(), sees_));
    if (tables_.counts_in_closed(user_no)) add(opened(closed_, tables_.closed(), sees_));
    add(opened(packed_, spi_, sees_));
    while (!open.empty()) {
      const auto first = std::min_element(open.begin(), open.end(), [&](const Source* a, const Source* b) {
        return is_up ? a->key() < b->key() : b->key() < a->key();
      });
      if (!visit(**first)) return;
      if (!(*first)->next()) open.erase(first);
    }
  }

 private:
  template <class T, class... Arguments>
  T& opened(std::optional<T>& source, Arguments&&... arguments) {
    // The current memory context may be one that is reset between users.
    const pg::InContext in_context(context_);
    if (!source) source.emplace(std::forward<Arguments>(arguments)...);
    return *source;
  }

  pg::Spi& spi_;
  MemoryContext context_;
  event::RecentTables tables_;
  pg::Sees sees_;
  std::optional<RecentSource> recent_;
  std::optional<RecentSource> closed_;
  std::optional<PackedSource> packed_;
};

UserEvents::UserEvents(pg::Spi& spi) : sources_(std::make_unique<Sources>(spi)) {}

UserEvents::~UserEvents() = default;

void UserEvents::up(int64_t user_no, Instant since, const Visit& visit) {
  sources_->walk(user_no, since, true, visit);
}

void UserEvents::down(int64_t user_no, Instant until, const Visit& visit) {
  sources_->walk(user_no, until, false, visit);
}

}  // namespace cdp::timeline
