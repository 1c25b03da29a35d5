/// Where messages go that cannot be taken.

#include "event/settings.hpp"
#include "event/store.hpp"
#include "pg/spi.hpp"

namespace cdp::event {

namespace {

/// How often old letters are looked for, and how many go at once: enough for a flood, and never a batch that
/// takes long.
constexpr Micros kForgetEvery = kMinute;
constexpr int64_t kForgottenAtOnce = 10000;

}  // namespace

void forget_dead_letters(pg::Spi& spi, Instant now) {
  static Instant last = Instant::min();
  if (dead_letter_retention() == 0 || (last.is_finite() && now >= last && now < last + kForgetEvery)) return;
  last = now;
  // Letters are numbered as they come, so the old ones are the first; no index on `at` is needed.
  static pg::Query remove(
      "DELETE FROM cdp.dead_letter WHERE dead_letter_no IN (SELECT f.dead_letter_no FROM"
      " (SELECT d.dead_letter_no, d.at FROM cdp.dead_letter AS d ORDER BY d.dead_letter_no LIMIT $2) AS f"
      " WHERE f.at < $1)");
  (void)remove(spi, now - dead_letter_retention(), kForgottenAtOnce);
}

void store_dead_letters(pg::Spi& spi, std::span<const DeadLetter> letters) {
  if (letters.empty()) return;
  std::vector<std::string> codes;
  std::vector<std::string> reasons;
  std::vector<std::optional<std::string>> payloads;
  std::vector<std::string> sources;
  std::vector<Instant> received;
  for (const DeadLetter& letter : letters) {
    codes.push_back(letter.rejection.code);
    reasons.push_back(letter.rejection.reason);
    payloads.push_back(letter.is_null ? std::nullopt : std::optional(letter.payload));
    sources.push_back(letter.source);
    received.push_back(letter.received_at);
  }
  static pg::Query insert(
      "INSERT INTO cdp.dead_letter (code, reason, payload, source, received_at)"
      " SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::timestamptz[])");
  (void)insert(spi, codes, reasons, payloads, sources, received);
}

}  // namespace cdp::event
