#include "pg/spi.hpp"
#include "profile/identity_log.hpp"

namespace cdp::profile {

namespace {

const char* name_of(event::MessageKind kind) {
  switch (kind) {
    case event::MessageKind::Identify:
      return "identify";
    case event::MessageKind::Alias:
      return "alias";
    case event::MessageKind::Track:
      break;
  }
  return "track";
}

}  // namespace

IdentityLog::Row IdentityLog::row_of(const char* change, const Person& to, const std::optional<Person>& from,
                                     const Link& link, const event::Received& cause) {
  const event::Message& message = cause.message;
  return {
      change,           to, from, link, std::nullopt, 1, name_of(message.kind), message.time, cause.source,
      message.insert_id};
}

void IdentityLog::merged(const Person& winner, const Person& loser, const Link& link,
                         const event::Received& cause) {
  rows_.push_back(row_of("merged", winner, loser, link, cause));
}

void IdentityLog::named(const Person& person, const std::optional<std::string>& previous_id, const Link& link,
                        const event::Received& cause) {
  rows_.push_back(row_of("named", person, Person{0, previous_id}, link, cause));
}

void IdentityLog::handed_over(const Person& to, const Person& from, const Link& link,
                              const event::Received& cause) {
  rows_.push_back(row_of("handed_over", to, from, link, cause));
}

void IdentityLog::refused(const Person& to, const std::optional<Person>& from, const Link& link,
                          IdentityKind limit, const event::Received& cause) {
  Row row = row_of("refused", to, from, link, cause);
  row.limit = limit;
  const auto [known, is_new] =
      refusals_.try_emplace({to.user_no, from ? from->user_no : 0, limit}, rows_.size());
  if (is_new) {
    rows_.push_back(std::move(row));
    return;
  }
  row.times += rows_[known->second].times;
  rows_[known->second] = std::move(row);
}

void IdentityLog::store(pg::Spi& spi, Instant now) const {
  if (rows_.empty()) return;
  std::vector<std::string> changes, kinds, values, reasons, sources;
  std::vector<int64_t> numbers, times;
  std::vector<std::optional<int64_t>> from_numbers;
  std::vector<std::optional<std::string>> ids, from_ids, limits, insert_ids;
  std::vector<Instant> instants;
  for (const Row& row : rows_) {
    changes.emplace_back(row.change);
    numbers.push_back(row.to.user_no);
    ids.push_back(row.to.user_id);
    from_numbers.push_back(row.from && row.from->user_no != 0 ? std::optional(row.from->user_no)
                                                              : std::nullopt);
    from_ids.push_back(row.from ? row.from->user_id : std::nullopt);
    kinds.emplace_back(profile::name_of(row.link.kind));
    values.push_back(row.link.value);
    limits.push_back(row.limit ? std::optional<std::string>(profile::name_of(*row.limit)) : std::nullopt);
    times.push_back(row.times);
    reasons.emplace_back(row.reason);
    instants.push_back(row.time);
    sources.push_back(row.source);
    insert_ids.push_back(row.insert_id);
  }
  static pg::Query insert(
      "INSERT INTO cdp.identity_log AS l (change, user_no, user_id, from_user_no, from_user_id, kind, value,"
      " limit_kind, times, reason, ts, source, insert_id, recorded_at)"
      " SELECT change, user_no, user_id, from_user_no, from_user_id, kind, value, limit_kind, times, reason, "
      "ts,"
      " source, insert_id, $14 FROM unnest($1::text[], $2::bigint[], $3::text[], $4::bigint[], $5::text[],"
      " $6::text[], $7::text[], $8::text[], $9::bigint[], $10::text[], $11::timestamptz[], $12::text[],"
      " $13::text[]) WITH ORDINALITY AS n (change, user_no, user_id, from_user_no, from_user_id, kind, value,"
      " limit_kind, times, reason, ts, source, insert_id, n) ORDER BY n"
      " ON CONFLICT (user_no, from_user_no, limit_kind) WHERE change = 'refused' DO UPDATE SET"
      " user_id = excluded.user_id, from_user_id = excluded.from_user_id, kind = excluded.kind,"
      " value = excluded.value, times = l.times + excluded.times, reason = excluded.reason, ts = excluded.ts,"
      " source = excluded.source, insert_id = excluded.insert_id, recorded_at = excluded.recorded_at");
  (void)insert(spi, changes, numbers, ids, from_numbers, from_ids, kinds, values, limits, times, reasons,
               instants, sources, insert_ids, now);
}

}  // namespace cdp::profile
