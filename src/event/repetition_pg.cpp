/// Which messages were seen before, by insert id within the horizon.

#include "base/interrupt.hpp"
#include "event/settings.hpp"
#include "event/store.hpp"
#include "pg/bulk_insert.hpp"
#include "pg/index_lookup.hpp"
#include "pg/pages.hpp"
#include "pg/spi.hpp"

#include <algorithm>
#include <utility>

namespace cdp::event {

namespace {

/// An id of this batch: its first message, and what the look-up in cdp.insert_id found.
struct Sighting {
  uint64_t key;
  size_t message;  ///< index of the first one
  uint64_t content;
  bool is_known = false;  ///< from an earlier batch
  uint64_t known_content = 0;
};

bool have_same_id(const Received& a, const Received& b) {
  return *a.message.insert_id == *b.message.insert_id && a.source == b.source;
}

/// The ids of a batch in the order of their keys, so that neighbours in the index are visited and made one
/// after the other.
class Sightings {
 public:
  explicit Sightings(const std::vector<Received>& messages)
      : messages_(messages), of_message_(messages.size()) {
    std::vector<std::pair<uint64_t, size_t>> keyed;
    keyed.reserve(messages.size());
    for (size_t i = 0; i < messages.size(); ++i)
      if (messages[i].message.insert_id) keyed.emplace_back(messages[i].id_key, i);
    std::sort(keyed.begin(), keyed.end());
    sightings_.reserve(keyed.size());
    for (const auto& [key, message] : keyed) {
      // Keys are hashes: the id itself decides, among the few of one key.
      size_t at = sightings_.size();
      while (at > 0 && sightings_[at - 1].key == key &&
             !have_same_id(messages[sightings_[at - 1].message], messages[message]))
        --at;
      const bool is_new = at == 0 || sightings_[at - 1].key != key;
      if (is_new) sightings_.push_back({key, message, messages[message].content});
      of_message_[message] = is_new ? sightings_.size() - 1 : at - 1;
    }
  }

  bool is_empty() const { return sightings_.empty(); }
  size_t size() const { return sightings_.size(); }
  const Sighting& of(size_t message) const { return sightings_[of_message_[message]]; }

  /// Finds the ids that earlier batches took within the horizon, and stores the others.
  void look_up_and_record(pg::Spi& spi) {
    // What was so of the batch before is likely of this one: where ids repeat it is cheaper to look first.
    static bool repeat = false;
    if (repeat || !record_and_look_up(spi)) {
      look_up();
      record();
    }
    const auto known = std::count_if(sightings_.begin(), sightings_.end(),
                                     [](const Sighting& sighting) { return sighting.is_known; });
    repeat = static_cast<size_t>(known) > sightings_.size() / 8;
  }

 private:
  /// Stores all ids and looks only those up whose keys turn out to be there. Says whether that can be done.
  bool record_and_look_up(pg::Spi& spi) {
    pg::BulkInsert rows("cdp", "insert_id");
    if (!rows.note_equals()) {
      rows.finish();
      return false;
    }
    for (const Sighting& sighting : sightings_) add(rows, sighting);
    rows.flush();
    const std::vector<pg::BulkInsert::Added> equals(rows.equals().begin(), rows.equals().end());
    rows.finish();
    if (equals.empty()) return true;

    std::vector<uint64_t> needless;
    pg::IndexLookup known("cdp", "insert_id", "insert_id_key");
    for (const pg::BulkInsert::Added& added : equals) {
      Sighting& sighting = sightings_[static_cast<size_t>(added.number)];
      look_up(known, sighting, added.place);
      if (sighting.is_known) needless.push_back(added.place);
    }
    static pg::Query remove("DELETE FROM cdp.insert_id WHERE ctid = ANY($1::tid[])");
    if (!needless.empty()) (void)remove(spi, pg::tids_text(needless));
    return true;
  }

  void look_up() {
    pg::IndexLookup known("cdp", "insert_id", "insert_id_key");
    for (Sighting& sighting : sightings_) look_up(known, sighting, 0);
  }

  /// Looks an id up among the rows that lie elsewhere than at `own_place`.
  void look_up(pg::IndexLookup& known, Sighting& sighting, uint64_t own_place) const {
    const Received& first = messages_[sighting.message];
    known.find(
        [&](const pg::IndexLookup::Row& row) {
          if (row.place() == own_place) return;
          if (row.instant(2) <= first.message.received_at - deduplication_horizon()) return;
          if (row.text(3) != first.source || row.text(4) != *first.message.insert_id) return;
          sighting.is_known = true;
          sighting.known_content = static_cast<uint64_t>(row.bigint(1));
        },
        static_cast<int64_t>(sighting.key));
  }

  /// Stores the ids that are new.
  void record() const {
    std::optional<pg::BulkInsert> rows;
    for (const Sighting& sighting : sightings_) {
      if (sighting.is_known) continue;
      if (!rows) rows.emplace("cdp", "insert_id");
      add(*rows, sighting);
    }
    if (rows) rows->finish();
  }

  void add(pg::BulkInsert& rows, const Sighting& sighting) const {
    const Received& first = messages_[sighting.message];
    rows.add(static_cast<int64_t>(sighting.key), static_cast<int64_t>(sighting.content),
             first.message.received_at, first.source, *first.message.insert_id);
  }

  const std::vector<Received>& messages_;
  std::vector<Sighting> sightings_;  ///< by key
  std::vector<size_t> of_message_;   ///< index in sightings_ of each message with an id
};

/// Once in a while takes away ids that are beyond the horizon: looks at a few pages somewhere in the table,
/// eight times as many as new ids have filled, so that at most an eighth of the table is outdated in the long
/// run. Where the last look found none, one page for each that was filled is enough to find the first ones.
/// No index by time is kept for it.
void forget(pg::Spi& spi, size_t fresh, Instant latest) {
  constexpr int64_t kIdsOnPage = 64;
  static int64_t added = 0;  // by this backend since it looked
  static bool has_looked = false;
  static bool has_found = true;
  added += static_cast<int64_t>(fresh);
  if (std::exchange(has_looked, true) && added < kIdsOnPage) return;
  const int64_t filled = std::exchange(added, 0) / kIdsOnPage + 1;
  static pg::Query remove(
      "WITH gone AS (DELETE FROM cdp.insert_id WHERE ctid >= $1::tid AND ctid < $2::tid AND received_at <= $3"
      " RETURNING 1) SELECT EXISTS (SELECT FROM gone)");
  const pg::PageRange range = pg::random_pages(spi, "cdp.insert_id", has_found ? 8 * filled : filled);
  has_found = remove(spi, range.first, range.behind, latest - deduplication_horizon()).boolean(0, 0);
}

/// Messages whose ids were used before for other contents.
void record_conflicts(pg::Spi& spi, const std::vector<const Received*>& conflicts) {
  if (conflicts.empty()) return;
  std::vector<std::string> ids, sources, events, contents;
  std::vector<Instant> times;
  for (const Received* received : conflicts) {
    const Message& message = received->message;
    ids.push_back(*message.insert_id);
    sources.push_back(received->source);
    events.push_back(message.event);
    contents.push_back((message.kind == MessageKind::Track ? message.properties : message.traits).dump());
    times.push_back(message.received_at);
  }
  static pg::Query upsert(
      "INSERT INTO cdp.insert_id_conflict AS c (source, insert_id, times, first_at, last_at, event, content)"
      " SELECT source, insert_id, count(*), min(at), max(at), (array_agg(event ORDER BY n DESC))[1],"
      " (array_agg(content ORDER BY n DESC))[1]::jsonb FROM unnest($1::text[], $2::text[], "
      "$3::timestamptz[], $4::text[],"
      " $5::text[]) WITH ORDINALITY AS n (source, insert_id, at, event, content, n) GROUP BY source, "
      "insert_id"
      " ON CONFLICT (source, insert_id) DO UPDATE SET times = c.times + excluded.times, last_at = "
      "excluded.last_at,"
      " event = excluded.event, content = excluded.content");
  (void)upsert(spi, sources, ids, times, events, contents);
}

}  // namespace

void remove_repetitions(pg::Spi& spi, std::vector<Received>* messages) {
  Sightings sightings(*messages);
  if (sightings.is_empty()) return;
  sightings.look_up_and_record(spi);

  Instant latest = Instant::min();
  std::vector<char> is_repetition(messages->size(), 0);
  std::vector<const Received*> conflicts;
  for (size_t i = 0; i < messages->size(); ++i) {
    const Received& received = (*messages)[i];
    if (!received.message.insert_id) continue;
    latest = std::max(latest, received.message.received_at);
    const Sighting& sighting = sightings.of(i);
    if (!sighting.is_known && sighting.message == i) continue;
    is_repetition[i] = 1;
    const uint64_t taken = sighting.is_known ? sighting.known_content : sighting.content;
    if (received.content != taken) conflicts.push_back(&received);
  }
  record_conflicts(spi, conflicts);
  forget(spi, sightings.size(), latest);
  if (std::find(is_repetition.begin(), is_repetition.end(), 1) == is_repetition.end()) return;
  size_t kept = 0;
  for (size_t i = 0; i < messages->size(); ++i) {
    if (is_repetition[i] != 0) continue;
    if (kept != i) (*messages)[kept] = std::move((*messages)[i]);
    ++kept;
  }
  messages->resize(kept);
}

void forget_insert_ids(pg::Spi& spi, std::span<const InsertId> ids) {
  static pg::Query remove("DELETE FROM cdp.insert_id WHERE ctid = ANY($1::tid[])");
  static pg::Query remove_conflicts("DELETE FROM cdp.insert_id_conflict WHERE ctid = ANY($1::tid[])");
  std::vector<uint64_t> places, conflicts;
  {
    pg::IndexLookup known("cdp", "insert_id", "insert_id_key");
    pg::IndexLookup with_conflicts("cdp", "insert_id_conflict", "insert_id_conflict_pkey");
    for (const InsertId& id : ids) {
      check_interrupts();
      known.find(
          [&](const pg::IndexLookup::Row& row) {
            if (row.text(3) == id.source && row.text(4) == id.value) places.push_back(row.place());
          },
          static_cast<int64_t>(insert_id_key(id.source, id.value)));
      with_conflicts.find([&](const pg::IndexLookup::Row& row) { conflicts.push_back(row.place()); },
                          std::string_view(id.source), std::string_view(id.value));
    }
  }
  if (!places.empty()) (void)remove(spi, pg::tids_text(places));
  if (!conflicts.empty()) (void)remove_conflicts(spi, pg::tids_text(conflicts));
}

}  // namespace cdp::event
