/// Which messages were seen before: by insert id within the horizon, and beyond it by their users' events.

#include "base/hash.hpp"
#include "event/settings.hpp"
#include "event/store.hpp"
#include "pg/bulk_insert.hpp"
#include "pg/index_lookup.hpp"
#include "pg/spi.hpp"

#include <algorithm>
#include <map>

namespace cdp::event {

namespace {

uint64_t key_of(const Received& received) {
  return hash64(*received.message.insert_id, hash64(received.source));
}

/// What a message says, without what a sender changes when it tries again (its clock, the state of the
/// device).
uint64_t content_of(const Message& message) {
  uint64_t hash = mix64(static_cast<uint64_t>(message.kind));
  for (const auto* id : {&message.user_id, &message.anonymous_id, &message.previous_id})
    hash = id->has_value() ? hash64(**id, hash) : mix64(hash);
  hash = hash64(message.event, hash);
  hash = mix64(hash ^ hash_of(message.properties));
  return mix64(hash ^ hash_of(message.traits));
}

/// An id of this batch: its first message, and how far the look-up in cdp.insert_id is.
struct Sighting {
  size_t message;  ///< index of the first one
  uint64_t content;
  bool is_known = false;  ///< from an earlier batch
  uint64_t known_content = 0;
};

using Sightings = std::map<std::pair<std::string_view, std::string_view>, Sighting>;

/// A sighting with its key in cdp.insert_id, in the order of the keys, so that neighbours in the index are
/// visited and made one after the other.
struct Keyed {
  int64_t key;
  Sighting* sighting;
};

std::vector<Keyed> in_order_of_keys(const std::vector<Received>& messages, Sightings& sightings) {
  std::vector<Keyed> ordered;
  ordered.reserve(sightings.size());
  for (auto& [id, sighting] : sightings)
    ordered.push_back({static_cast<int64_t>(key_of(messages[sighting.message])), &sighting});
  std::sort(ordered.begin(), ordered.end(), [](const Keyed& a, const Keyed& b) { return a.key < b.key; });
  return ordered;
}

/// Finds the ids that earlier batches took within the horizon.
void look_up(const std::vector<Received>& messages, const std::vector<Keyed>& ordered) {
  pg::IndexLookup known("cdp", "insert_id", "insert_id_key");
  for (const auto& [key, sighting] : ordered) {
    const Received& first = messages[sighting->message];
    known.find(
        [&, seen = sighting](const pg::IndexLookup::Row& row) {
          // A key is a hash: the id itself decides.
          if (row.instant(2) <= first.message.received_at - deduplication_horizon()) return;
          if (row.text(3) != first.source || row.text(4) != *first.message.insert_id) return;
          seen->is_known = true;
          seen->known_content = static_cast<uint64_t>(row.bigint(1));
        },
        key);
  }
}

/// Stores the ids that are new.
void record(const std::vector<Received>& messages, const std::vector<Keyed>& ordered) {
  if (std::all_of(ordered.begin(), ordered.end(), [](const Keyed& one) { return one.sighting->is_known; }))
    return;
  pg::BulkInsert rows("cdp", "insert_id");
  for (const auto& [key, sighting] : ordered) {
    if (sighting->is_known) continue;
    const Received& first = messages[sighting->message];
    rows.add(key, static_cast<int64_t>(sighting->content), first.message.received_at, first.source,
             *first.message.insert_id);
  }
  rows.finish();
}

/// Takes away ids that are beyond the horizon: looks at a few pages somewhere in the table, eight times as
/// many as the new ids fill, so that at most an eighth of the table is outdated in the long run. No index by
/// time is kept for it.
void forget(pg::Spi& spi, size_t fresh, Instant latest) {
  constexpr int64_t kIdsOnPage = 64;
  const int64_t pages = 8 * (static_cast<int64_t>(fresh) / kIdsOnPage + 1);
  static pg::Query choose(
      "SELECT format('(%s,0)', first), format('(%s,0)', first + $1) FROM (SELECT floor(random() *"
      " pg_relation_size('cdp.insert_id') / current_setting('block_size')::bigint)::bigint AS first) AS r");
  static pg::Query remove(
      "DELETE FROM cdp.insert_id WHERE ctid >= $1::tid AND ctid < $2::tid AND received_at <= $3");
  const pg::Rows range = choose(spi, pages);
  (void)remove(spi, range.text(0, 0), range.text(0, 1), latest - deduplication_horizon());
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
  Sightings sightings;
  Instant latest = Instant::min();
  for (size_t i = 0; i < messages->size(); ++i) {
    const Received& received = (*messages)[i];
    if (!received.message.insert_id) continue;
    latest = std::max(latest, received.message.received_at);
    const auto [at, is_first] =
        sightings.try_emplace({*received.message.insert_id, received.source}, Sighting{i, 0});
    if (is_first) at->second.content = content_of(received.message);
  }
  if (sightings.empty()) return;
  const std::vector<Keyed> ordered = in_order_of_keys(*messages, sightings);
  look_up(*messages, ordered);
  record(*messages, ordered);

  std::vector<char> is_repetition(messages->size(), 0);
  std::vector<const Received*> conflicts;
  for (size_t i = 0; i < messages->size(); ++i) {
    const Received& received = (*messages)[i];
    if (!received.message.insert_id) continue;
    const Sighting& sighting = sightings.at({*received.message.insert_id, received.source});
    if (!sighting.is_known && sighting.message == i) continue;
    is_repetition[i] = 1;
    const uint64_t taken = sighting.is_known ? sighting.known_content : sighting.content;
    if (content_of(received.message) != taken) conflicts.push_back(&received);
  }
  record_conflicts(spi, conflicts);
  forget(spi, sightings.size(), latest);
  if (std::find(is_repetition.begin(), is_repetition.end(), 1) == is_repetition.end()) return;
  // The views in `sightings` are not read any more.
  size_t kept = 0;
  for (size_t i = 0; i < messages->size(); ++i) {
    if (is_repetition[i] != 0) continue;
    if (kept != i) (*messages)[kept] = std::move((*messages)[i]);
    ++kept;
  }
  messages->resize(kept);
}

std::vector<size_t> find_logged(std::span<const Received> messages, std::span<const int64_t> users) {
  std::vector<size_t> found;
  std::optional<pg::IndexLookup> events;
  for (size_t i = 0; i < messages.size(); ++i) {
    const Message& message = messages[i].message;
    if (message.kind != MessageKind::Track || !message.insert_id) continue;
    if (message.time > message.received_at - deduplication_horizon()) continue;
    if (!events) events.emplace("cdp", "recent_event", "recent_event_pkey");
    bool is_logged = false;
    events->find(
        [&](const pg::IndexLookup::Row& row) {
          is_logged = is_logged || (!row.is_null(4) && row.text(4) == *message.insert_id &&
                                    row.text(5) == messages[i].source);
        },
        users[i], message.time);
    if (is_logged) found.push_back(i);
  }
  return found;
}

}  // namespace cdp::event
