#include "pg/server.hpp"

#include "base/interrupt.hpp"
#include "decision/attribution.hpp"
#include "decision/configuration.hpp"
#include "decision/feedback.hpp"
#include "decision/mention.hpp"
#include "pg/clock.hpp"
#include "pg/spi.hpp"

#include <unordered_map>

namespace cdp::decision {

namespace {

/// An event whose placement or creative is still to be found.
struct Open {
  const event::Event* event;
  Mention mention;
  std::optional<Feedback> feedback;
};

/// Resolves what names a decision, by the log.
void resolve_decisions(pg::Spi& spi, const Configuration& configuration, std::vector<Open>& open) {
  static pg::Query query(
      "SELECT decision_id, placement, creative FROM cdp.decision WHERE decision_id = ANY ($1)");
  std::vector<int64_t> ids;
  for (const Open& item : open)
    if (item.mention.decision_id) ids.push_back(*item.mention.decision_id);
  if (ids.empty()) return;
  const pg::Rows rows = query(spi, ids);
  std::unordered_map<int64_t, Arm> arms;
  for (uint64_t i = 0; i < rows.size(); ++i) arms[rows.bigint(i, 0)] = {rows.text(i, 1), rows.text(i, 2)};
  for (Open& item : open) {
    if (!item.mention.decision_id) continue;
    if (const auto found = arms.find(*item.mention.decision_id); found != arms.end())
      item.feedback = feedback_of(configuration, *item.event, found->second);
  }
}

/// Resolves what several placements might have shown, by the user's latest decisions.
void resolve_latest(pg::Spi& spi, const Configuration& configuration, const std::vector<Open*>& open) {
  static pg::Query query(
      "SELECT coalesce(before.placement, latest.placement) "
      "FROM unnest($1::bigint[], $2::text[], $3::text[], $4::timestamptz[]) WITH ORDINALITY"
      "  AS k(user_no, creative, event, at, n)"
      " LEFT JOIN LATERAL ("
      "  SELECT d.placement FROM cdp.decision d"
      "  WHERE d.user_no = k.user_no AND d.creative = k.creative AND d.decided_at <= k.at"
      "   AND d.placement IN (SELECT p.name FROM cdp.placement p"
      "                       WHERE k.event IN (p.impression_event, p.click_event))"
      "  ORDER BY d.decided_at DESC LIMIT 1) before ON true"
      " LEFT JOIN LATERAL ("
      "  SELECT d.placement FROM cdp.decision d"
      "  WHERE d.user_no = k.user_no AND d.creative = k.creative"
      "   AND d.placement IN (SELECT p.name FROM cdp.placement p"
      "                       WHERE k.event IN (p.impression_event, p.click_event))"
      "  ORDER BY d.decided_at DESC LIMIT 1) latest ON before.placement IS NULL "
      "ORDER BY k.n");
  if (open.empty()) return;
  std::vector<int64_t> users;
  std::vector<std::string> creatives;
  std::vector<std::string> names;
  std::vector<Instant> times;
  for (const Open* item : open) {
    users.push_back(item->event->user_no);
    creatives.push_back(item->mention.creative);
    names.push_back(item->event->name);
    times.push_back(item->event->time);
  }
  const pg::Rows rows = query(spi, users, creatives, names, times);
  for (uint64_t i = 0; i < rows.size(); ++i)
    if (!rows.is_null(i, 0))
      open[i]->feedback =
          feedback_of(configuration, *open[i]->event, {rows.text(i, 0), open[i]->mention.creative});
}

std::vector<Feedback> resolve(pg::Spi& spi, const Configuration& configuration,
                              std::span<const event::Event> events) {
  std::vector<Open> open;
  for (const event::Event& event : events) {
    if (!configuration.is_feedback(event.name)) continue;
    Mention mention = mention_of(event);
    if (!mention.says_nothing()) open.push_back({&event, std::move(mention), std::nullopt});
  }
  resolve_decisions(spi, configuration, open);
  std::vector<Open*> ambiguous;
  for (Open& item : open) {
    if (item.feedback || item.mention.creative.empty()) continue;
    if (!item.mention.placement.empty()) {
      item.feedback =
          feedback_of(configuration, *item.event, {item.mention.placement, item.mention.creative});
      continue;
    }
    const auto placements = placements_for(configuration, *item.event, item.mention.creative);
    if (placements.size() == 1)
      item.feedback =
          feedback_of(configuration, *item.event, {placements.front()->name, item.mention.creative});
    else if (placements.size() > 1)
      ambiguous.push_back(&item);
  }
  resolve_latest(spi, configuration, ambiguous);
  std::vector<Feedback> resolved;
  for (Open& item : open)
    if (item.feedback) resolved.push_back(std::move(*item.feedback));
  return resolved;
}

Impressions remembered(pg::Spi& spi, const std::vector<Feedback>& batch) {
  static pg::Query query(
      "SELECT i.user_no, i.placement, i.creative, i.shown_at, i.is_clicked "
      "FROM unnest($1::bigint[], $2::text[], $3::text[]) AS k(user_no, placement, creative)"
      " JOIN cdp.impression i USING (user_no, placement, creative)");
  std::vector<int64_t> users;
  std::vector<std::string> placements;
  std::vector<std::string> creatives;
  for (const Feedback& feedback : batch) {
    users.push_back(feedback.user_no);
    placements.push_back(feedback.placement);
    creatives.push_back(feedback.creative);
  }
  const pg::Rows rows = query(spi, users, placements, creatives);
  Impressions impressions;
  for (uint64_t i = 0; i < rows.size(); ++i)
    impressions[{rows.bigint(i, 0), rows.text(i, 1), rows.text(i, 2)}] = {rows.instant(i, 3),
                                                                          rows.boolean(i, 4), false};
  return impressions;
}

void remember(pg::Spi& spi, const Impressions& impressions) {
  static pg::Query query(
      "INSERT INTO cdp.impression AS i (user_no, placement, creative, shown_at, is_clicked) "
      "SELECT * FROM unnest($1::bigint[], $2::text[], $3::text[], $4::timestamptz[], $5::boolean[]) "
      "ON CONFLICT (user_no, placement, creative)"
      " DO UPDATE SET shown_at = excluded.shown_at, is_clicked = excluded.is_clicked");
  std::vector<int64_t> users;
  std::vector<std::string> placements;
  std::vector<std::string> creatives;
  std::vector<Instant> times;
  std::vector<bool> clicked;
  for (const auto& [key, impression] : impressions) {
    if (!impression.is_changed) continue;
    users.push_back(key.user_no);
    placements.push_back(key.placement);
    creatives.push_back(key.creative);
    times.push_back(impression.shown_at);
    clicked.push_back(impression.is_clicked);
  }
  if (!users.empty()) (void)query(spi, users, placements, creatives, times, clicked);
}

/// Adds to the counts; arms that were deleted meanwhile are passed over, and so are clicks on impressions
/// that someone deleted from the counts.
void count(pg::Spi& spi, const CountsByArm& counts) {
  static pg::Query open(
      "INSERT INTO cdp.creative_count (placement, creative) "
      "SELECT k.placement, k.creative FROM unnest($1::text[], $2::text[]) AS k(placement, creative)"
      " JOIN cdp.placement p ON p.name = k.placement"
      " JOIN cdp.creative c ON c.name = k.creative "
      "WHERE NOT EXISTS (SELECT FROM cdp.creative_count n"
      "                  WHERE n.placement = k.placement AND n.creative = k.creative) "
      "FOR KEY SHARE OF p, c "
      "ON CONFLICT DO NOTHING");
  static pg::Query add(
      "UPDATE cdp.creative_count n SET impressions = n.impressions + k.impressions,"
      " clicks = least(n.clicks + k.clicks, n.impressions + k.impressions), updated_at = $5 "
      "FROM unnest($1::text[], $2::text[], $3::bigint[], $4::bigint[])"
      "  AS k(placement, creative, impressions, clicks) "
      "WHERE n.placement = k.placement AND n.creative = k.creative");
  std::vector<std::string> placements;
  std::vector<std::string> creatives;
  std::vector<int64_t> impressions;
  std::vector<int64_t> clicks;
  for (const auto& [arm, added] : counts) {
    placements.push_back(arm.placement);
    creatives.push_back(arm.creative);
    impressions.push_back(added.impressions);
    clicks.push_back(added.clicks);
  }
  if (placements.empty()) return;
  (void)open(spi, placements, creatives);
  (void)add(spi, placements, creatives, impressions, clicks, pg::now());
}

}  // namespace

bool is_feedback(std::string_view event_name) { return current_configuration()->is_feedback(event_name); }

void take_feedback(pg::Spi& spi, std::span<const event::Event> events) {
  const auto configuration = current_configuration();
  const std::vector<Feedback> batch = resolve(spi, *configuration, events);
  if (batch.empty()) return;
  Impressions impressions = remembered(spi, batch);
  const CountsByArm counts = attribute(batch, impressions);
  remember(spi, impressions);
  count(spi, counts);
}

void merge_user(pg::Spi& spi, int64_t loser, int64_t winner) {
  static pg::Query move_decisions("UPDATE cdp.decision SET user_no = $2 WHERE user_no = $1");
  static pg::Query move_impressions(
      "WITH moved AS (DELETE FROM cdp.impression WHERE user_no = $1 RETURNING *) "
      "INSERT INTO cdp.impression AS i (user_no, placement, creative, shown_at, is_clicked) "
      "SELECT $2, m.placement, m.creative, m.shown_at, m.is_clicked FROM moved m "
      "ON CONFLICT (user_no, placement, creative)"
      " DO UPDATE SET shown_at = excluded.shown_at, is_clicked = excluded.is_clicked"
      " WHERE excluded.shown_at > i.shown_at");
  (void)move_decisions(spi, loser, winner);
  (void)move_impressions(spi, loser, winner);
}

void forget_user(pg::Spi& spi, int64_t user_no, const std::vector<std::string>& ids) {
  static pg::Query remove_decisions("DELETE FROM cdp.decision WHERE user_no = $1");
  static pg::Query remove_earlier("DELETE FROM cdp.decision WHERE user_no IS NULL AND user_id = ANY($1)");
  static pg::Query remove_impressions("DELETE FROM cdp.impression WHERE user_no = $1");
  (void)remove_decisions(spi, user_no);
  (void)remove_earlier(spi, ids);
  (void)remove_impressions(spi, user_no);
}

}  // namespace cdp::decision
