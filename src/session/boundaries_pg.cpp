/// Events that begin and end sessions.

#include "pg/spi.hpp"
#include "pg/table_watch.hpp"
#include "session/boundaries.hpp"

#include <optional>

namespace cdp::session {

const Boundaries& Boundaries::current() {
  static std::optional<Boundaries> loaded;
  static pg::TableWatch table("session_boundary");
  if (table.has_changed()) loaded.reset();
  if (!loaded) loaded = read();
  return *loaded;
}

Boundaries Boundaries::read() {
  // By the newest snapshot: what is kept must not be older than the last invalidation that came in.
  const pg::LatestSnapshot latest;
  pg::Spi spi(pg::Spi::Mode::ReadOnly);
  static pg::Query query("SELECT event, kind = 'start' FROM cdp.session_boundary");
  Boundaries boundaries;
  const pg::Rows rows = query(spi);
  for (uint64_t i = 0; i < rows.size(); ++i)
    boundaries.by_name_.emplace(rows.text(i, 0), rows.boolean(i, 1) ? Boundary::Start : Boundary::End);
  return boundaries;
}

Boundary Boundaries::of(const std::string& event) const {
  const auto found = by_name_.find(event);
  return found == by_name_.end() ? Boundary::None : found->second;
}

}  // namespace cdp::session
