/// Which messages are known from their users' events.

#include "event/settings.hpp"
#include "timeline/logged.hpp"
#include "timeline/user_events.hpp"

#include <optional>

namespace cdp::timeline {

std::vector<size_t> find_logged(pg::Spi& spi, std::span<const event::Received> messages,
                                std::span<const int64_t> users) {
  std::vector<size_t> found;
  std::optional<UserEvents> events;
  for (size_t i = 0; i < messages.size(); ++i) {
    const event::Message& message = messages[i].message;
    if (message.kind != event::MessageKind::Track || !message.insert_id) continue;
    if (message.time > message.received_at - event::deduplication_horizon()) continue;
    if (!events) events.emplace(spi);
    bool is_logged = false;
    events->up(users[i], message.time, [&](const StoredEvent& event) {
      if (event.key().first != message.time) return false;
      is_logged = event.insert_id() == message.insert_id && event.source() == messages[i].source;
      return !is_logged;
    });
    if (is_logged) found.push_back(i);
  }
  return found;
}

}  // namespace cdp::timeline
