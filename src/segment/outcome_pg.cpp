#include "base/interrupt.hpp"
#include "pg/index_lookup.hpp"
#include "pg/table_writer.hpp"
#include "segment/chunks.hpp"
#include "segment/number_list.hpp"
#include "segment/outcome.hpp"

#include <algorithm>
#include <optional>
#include <utility>

namespace cdp::segment {

namespace {

/// So many users' changes are gathered at once.
constexpr uint64_t kUsersAtOnce = 65536;

struct Entry {
  uint32_t user_no;
  int32_t number;  ///< as in Definition
  bool has_entered;
};

/// Those of one user that were found; `due` is max() for none.
struct News {
  int64_t user_no = 0;
  std::span<const Entry> entries;
  Instant due = Instant::max();
};

std::vector<Entry> entries_within(std::span<const Outcome> outcomes, uint64_t begin, uint64_t end) {
  std::vector<Entry> entries;
  for (const Outcome& outcome : outcomes) {
    check_interrupts();
    const int32_t number = outcome.segment->number;
    outcome.entered.within(begin, end).for_each([&](uint32_t user_no) {
      entries.push_back({user_no, number, true});
    });
    outcome.exited.within(begin, end).for_each([&](uint32_t user_no) {
      entries.push_back({user_no, number, false});
    });
  }
  std::sort(entries.begin(), entries.end(), [](const Entry& a, const Entry& b) {
    return std::pair(a.user_no, a.number) < std::pair(b.user_no, b.number);
  });
  return entries;
}

/// Writes rows of cdp.membership, and hints.
class RowWriter {
 public:
  explicit RowWriter(Instant now) : now_(now) {}

  void write(const News& news) {
    bool is_stored = false;
    stored_.find(
        [&](const pg::IndexLookup::Row& row) {
          is_stored = true;
          update(row, news);
        },
        news.user_no);
    if (is_stored) return;
    hint(news, Instant::max());
    rows_.add(news.user_no, pg::Bytes{pack_numbers(applied({}, news.entries))}, now_, news.due);
  }

  void finish() {
    rows_.finish();
    write_hints(hints_, now_);
  }

 private:
  void update(const pg::IndexLookup::Row& row, const News& news) {
    const std::string segments =
        pack_numbers(applied(unpack_numbers(pg::bytes_of(row.datum(1))), news.entries));
    const Instant next_due = row.instant(3);
    hint(news, next_due);
    rows_.update(row.place(), pg::Set{1, pg::Bytes{segments}}, pg::Set{3, std::min(next_due, news.due)});
  }

  /// `hinted`: the instant at which, or earlier, a hint stands.
  void hint(const News& news, Instant hinted) {
    if (news.due < hinted) hints_.push_back({news.user_no, news.due});
  }

  /// Both are in ascending order of segments.
  static std::vector<int32_t> applied(const std::vector<int32_t>& before, std::span<const Entry> entries) {
    std::vector<int32_t> after;
    auto entry = entries.begin();
    const auto take = [&] {
      if (entry->has_entered) after.push_back(entry->number);
      ++entry;
    };
    for (const int32_t number : before) {
      while (entry != entries.end() && entry->number < number) take();
      if (entry != entries.end() && entry->number == number)
        take();
      else
        after.push_back(number);
    }
    while (entry != entries.end()) take();
    return after;
  }

  Instant now_;
  pg::IndexLookup stored_{"cdp", "membership", "membership_pkey"};
  pg::TableWriter rows_{"cdp", "membership"};
  std::vector<Due> hints_;
};

void write_rows(std::span<const Outcome> outcomes, std::span<const Due> dues, Instant now) {
  uint64_t users = dues.empty() ? 0 : static_cast<uint64_t>(dues.back().user_no) + 1;
  for (const Outcome& outcome : outcomes)
    for (const bitmap::Bitmap* set : {&outcome.entered, &outcome.exited})
      if (const auto last = set->max()) users = std::max(users, uint64_t{*last} + 1);
  RowWriter writer(now);
  auto due = dues.begin();
  for (uint64_t begin = 0; begin < users; begin += kUsersAtOnce) {
    const std::vector<Entry> entries = entries_within(outcomes, begin, begin + kUsersAtOnce);
    auto next = entries.begin();
    InterruptTicker ticker;
    while (next != entries.end() ||
           (due != dues.end() && static_cast<uint64_t>(due->user_no) < begin + kUsersAtOnce)) {
      ticker.tick();
      const bool is_due_first = next == entries.end() || (due != dues.end() && due->user_no < next->user_no);
      News news;
      news.user_no = is_due_first ? due->user_no : next->user_no;
      const auto first = next;
      while (next != entries.end() && next->user_no == news.user_no) ++next;
      news.entries = std::span(first, next);
      if (due != dues.end() && due->user_no == news.user_no) news.due = (due++)->at;
      writer.write(news);
    }
  }
  writer.finish();
}

}  // namespace

Outcome outcome_of(const Definition& segment, const bitmap::Bitmap& before, const bitmap::Bitmap& after) {
  Outcome outcome{&segment, after, before};
  outcome.entered -= before;
  outcome.exited -= after;
  return outcome;
}

void record_outcome(const Outcome& outcome, Instant now, Reason reason) {
  std::vector<Change> changes;
  const auto add = [&](const bitmap::Bitmap& users, bool has_entered) {
    users.for_each([&](uint32_t user) {
      changes.push_back({user, outcome.segment, has_entered, now, reason});
    });
  };
  add(outcome.entered, true);
  add(outcome.exited, false);
  if (!changes.empty()) (void)record_changes(changes, now);
}

void write_outcomes(std::span<const Outcome> outcomes, std::span<const Due> dues, Instant now,
                    Reason reason) {
  write_rows(outcomes, dues, now);
  for (const Outcome& outcome : outcomes) {
    check_interrupts();
    if (!outcome.segment->is_next) record_outcome(outcome, now, reason);
  }
}

}  // namespace cdp::segment
