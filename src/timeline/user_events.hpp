#pragma once

#include "base/json.hpp"
#include "base/time.hpp"
#include "timeline/history.hpp"

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>

namespace cdp::pg {
class Spi;
}

namespace cdp::timeline {

/// Where an event stands among its user's: (time, order of arrival).
using EventKey = std::pair<Instant, int64_t>;

/// A stored event, wherever it lies. Valid until the next one is asked for.
class StoredEvent {
 public:
  virtual ~StoredEvent() = default;
  virtual EventKey key() const = 0;
  virtual int32_t event_no() const = 0;
  virtual std::optional<std::string> insert_id() const = 0;
  virtual std::string source() const = 0;
  virtual Json properties() const = 0;
  virtual Json context() const = 0;
  virtual Instant received_at() const = 0;
  /// A value within the properties or the context; JSON null if absent.
  virtual Json property(const PropertyPath& path) const = 0;
};

/// The stored events of users, one user at a time: recent and packed ones alike, in order. One walk at a
/// time; another one, from within it, takes an object of its own.
class UserEvents {
 public:
  /// Sees what `spi` sees: what is done by now, or, read only, what the calling statement sees.
  explicit UserEvents(pg::Spi& spi);
  ~UserEvents();
  UserEvents(const UserEvents&) = delete;
  UserEvents& operator=(const UserEvents&) = delete;

  using Visit = std::function<bool(const StoredEvent&)>;

  /// The events at or after a time, ascending, until `visit` returns false.
  void up(int64_t user_no, Instant since, const Visit& visit);
  /// The events at or before a time, descending.
  void down(int64_t user_no, Instant until, const Visit& visit);

 private:
  class Sources;

  std::unique_ptr<Sources> sources_;
};

}  // namespace cdp::timeline
