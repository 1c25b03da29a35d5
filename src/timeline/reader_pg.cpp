#include "base/interrupt.hpp"
#include "pg/spi.hpp"
#include "timeline/decode_room.hpp"
#include "timeline/kept_histories.hpp"
#include "timeline/reader.hpp"
#include "timeline/scan.hpp"
#include "timeline/settings.hpp"

#include <algorithm>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace cdp::timeline {

namespace {

/// Makes histories of what a scan shows.
class HistoryBuilder : public HistoryVisitor {
 public:
  HistoryBuilder(const Demand& demand, const std::vector<int>& numbers, const Selection& selection,
                 const HistoryCallback& callback, const NeededEvents& needed = {})
      : demand_(demand),
        numbers_(numbers),
        selection_(selection),
        callback_(callback),
        needed_(needed),
        history_(demand.properties().size()),
        summary_(demand.events().size()),
        values_(demand.properties().size()) {}

  bool wants(int64_t user_no, const Occurrences& all) override {
    return !selection_.may_want || selection_.may_want(user_no, all);
  }

  /// Takes from there what it has, and goes on with it; it must outlive this.
  void use(HistoryCache& cache) { cache_ = &cache; }

  /// Who has so many events, and how many about, that it is worth keeping them there.
  struct Crowd {
    int64_t user_no;
    size_t events;
  };
  std::vector<Crowd> crowds() const { return crowds_; }
  /// From now on histories are not called back for but kept.
  void keep() { is_keeping_ = true; }

  void begin(int64_t user_no) override {
    user_no_ = user_no;
    kept_ = is_keeping_ ? &cache_->add(user_no) : cache_ != nullptr ? cache_->find(user_no) : nullptr;
    needed_now_ = kept_ == nullptr && needed_ ? needed_(user_no) : nullptr;
    if (kept_ != nullptr)
      kept_->is_whole = false;
    else
      history_.clear();
  }

  std::optional<EventKey> known_before() override {
    return kept_ != nullptr && !is_keeping_ ? std::optional(kept_->next) : std::nullopt;
  }

  bool chunk(const ScannedChunk& chunk) override {
    if (chunk.is_all && selection_.wants && !is_wanted(chunk)) return false;
    if (needed_now_ != nullptr && std::none_of(chunk.places.begin(), chunk.places.end(),
                                               [&](int32_t place) { return is_needed(place); }))
      return true;
    for_each(chunk, [&](size_t i, Instant time, int32_t place) {
      if (is_needed(place))
        add(time, number_of(place), [&](size_t column) { return chunk.property(i, column); });
    });
    return true;
  }

  bool needs(int32_t place) const noexcept override { return is_needed(place); }

  bool event(Instant time, int32_t place, const PropertyValues& property) override {
    if (is_needed(place)) add(time, number_of(place), property);
    return true;
  }

  void shown(const Shown& shown) override {
    if (kept_ == nullptr) {
      if (cache_ != nullptr && shown.events >= keep_history_from())
        crowds_.push_back({user_no_, static_cast<size_t>(shown.events)});
      return;
    }
    kept_->next = std::max(kept_->next, shown.next);
    if (is_keeping_) kept_->packed_until = shown.packed_until;
    kept_->is_whole = true;
    cache_->settle(*kept_);
  }

  void end() override {
    if (!is_keeping_ && history().size() > 0) callback_(user_no_, history());
  }

 private:
  History& history() { return kept_ != nullptr ? kept_->history : history_; }

  bool is_needed(int32_t place) const { return is_number_needed(number_of(place)); }
  bool is_number_needed(int number) const {
    return needed_now_ == nullptr || (number >= 0 && (*needed_now_)[static_cast<size_t>(number)]);
  }

  int number_of(int32_t place) const {
    return place < 0 ? History::kOther : numbers_[static_cast<size_t>(place)];
  }

  bool is_wanted(const ScannedChunk& chunk) {
    const TimelineView& timeline = chunk.timeline;
    summary_.clear();
    if (demand_.wants_all_events()) summary_.add_to_all({timeline.size(), timeline.first(), timeline.last()});
    uint32_t missing = chunk.match.count;
    TimelineView::Index index = timeline.index();
    while (missing > 0) {
      const std::optional<IndexEntry> entry = index.next();
      if (!entry) break;
      const int32_t place = chunk.places[entry->code];
      if (place < 0) continue;
      summary_.add(number_of(place), {entry->count, entry->first, entry->last});
      --missing;
    }
    return selection_.wants(user_no_, summary_);
  }

  template <class Property>
  void add(Instant time, int number, const Property& property) {
    for (size_t column = 0; column < values_.size(); ++column) values_[column] = property(column);
    history().add(time, number, values_);
  }

  /// Calls `f(i, time, place)` for each event of the chunk that is demanded.
  template <class F>
  void for_each(const ScannedChunk& chunk, const F& f) {
    room_.decode(chunk.timeline, [&](auto codes, std::span<const Instant> times) {
      for (size_t i = 0; i < codes.size(); ++i) {
        ticker_.tick();
        const int32_t place = chunk.places[codes[i]];
        if (place >= 0 || demand_.wants_all_events()) f(i, times[i], place);
      }
    });
  }

  const Demand& demand_;
  const std::vector<int>& numbers_;  ///< the demand's of each event of the scan
  const Selection& selection_;
  const HistoryCallback& callback_;
  const NeededEvents needed_;
  const std::vector<bool>* needed_now_ = nullptr;
  int64_t user_no_ = 0;
  History history_;
  HistorySummary summary_;
  std::vector<Json> values_;
  HistoryCache* cache_ = nullptr;
  HistoryCache::Kept* kept_ = nullptr;  ///< the user's history there
  bool is_keeping_ = false;
  std::vector<Crowd> crowds_;
  InterruptTicker ticker_;
  DecodeRoom room_;
};

/// What a scan has to show for a demand, which names events and does not number them.
struct NumberedDemand {
  ScanDemand scan;
  std::vector<int> numbers;  ///< the demand's of each event of the scan

  NumberedDemand(pg::Spi& spi, const Demand& demand) {
    static pg::Query query(
        "SELECT name, event_no FROM cdp.event_name WHERE name = ANY($1) ORDER BY event_no");
    const std::vector<std::string>& names = demand.events();
    std::unordered_map<std::string_view, int> number_of;
    for (size_t i = 0; i < names.size(); ++i) number_of.emplace(names[i], static_cast<int>(i));
    const pg::Rows rows = query(spi, names);
    for (uint64_t i = 0; i < rows.size(); ++i) {
      scan.events.push_back(rows.integer(i, 1));
      numbers.push_back(number_of.at(rows.text(i, 0)));
    }
    scan.wants_all_events = demand.wants_all_events();
    scan.properties = demand.properties();
  }
};

}  // namespace

void read_histories(pg::Spi& spi, const Demand& demand, const std::vector<int64_t>& users, Numbers numbers,
                    const HistoryCallback& callback, const NeededEvents& needed) {
  if (demand.wants_nothing()) return;
  const NumberedDemand wanted(spi, demand);
  const Selection everything;
  HistoryBuilder builder(demand, wanted.numbers, everything, callback, needed);
  // Those of whom little is needed are asked for by what follows their events, again and again.
  if (!needed) {
    scan_users(spi, wanted.scan, users, numbers, builder);
    return;
  }
  HistoryCache& cache = kept_histories(spi, demand);
  builder.use(cache);
  scan_users(spi, wanted.scan, users, numbers, builder);
  builder.keep();
  for (const auto& [user_no, events] : builder.crowds())
    if (cache.makes_room(events)) scan_users(spi, wanted.scan, {user_no}, numbers, builder);
}

void read_all_histories(pg::Spi& spi, const Demand& demand, const Selection& selection,
                        const HistoryCallback& callback) {
  if (demand.wants_nothing()) return;
  NumberedDemand wanted(spi, demand);
  wanted.scan.since = selection.since;
  wanted.scan.until = selection.until;
  wanted.scan.first_user = selection.first_user;
  wanted.scan.last_user = selection.last_user;
  wanted.scan.users = selection.users;
  HistoryBuilder builder(demand, wanted.numbers, selection, callback);
  scan_histories(spi, wanted.scan, builder);
}

}  // namespace cdp::timeline
