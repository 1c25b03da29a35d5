/// Where messages go that cannot be taken.

#include "event/store.hpp"
#include "pg/spi.hpp"

namespace cdp::event {

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
