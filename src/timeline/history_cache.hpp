#pragma once

#include "base/time.hpp"
#include "timeline/history.hpp"

#include <cstddef>
#include <cstdint>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

namespace cdp::timeline {

/// Keeps histories of people with very many events, for whoever reads them again and again. It has to be told
/// of every change of their events but the packing of others'; then a history is read on from where it ends.
/// Bounded: who was not asked for lately makes room for others.
class HistoryCache {
 public:
  /// A user's events as far as the demand asks for them.
  struct Kept {
    History history;
    /// By (time, order of arrival): events before this are in it, none of the others is.
    std::pair<Instant, int64_t> next{Instant::min(), INT64_MIN};
    Instant packed_until = Instant::min();  ///< what is later is not packed
    bool is_whole = false;                  ///< set by whoever reads on when that is done
    size_t bytes = 0;                       ///< about, as of settle(), and
    size_t settled = 0;                     ///< so many events
    uint64_t used = 0;                      ///< in which round last
  };

  /// A round of reading begins: for this demand, with so much room. Forgets everything if the demand is
  /// another than before.
  void begin(const Demand& demand, size_t most_bytes);

  /// nullptr if the user is not kept, or was not read to the end the last time. Valid until dropped.
  Kept* find(int64_t user_no);
  /// Is there room for a history of about so many events, be it that of others who were not asked for lately?
  bool makes_room(size_t events);
  /// One that is to be read from the beginning.
  Kept& add(int64_t user_no);
  /// One of these was read: what it takes counts from now on.
  void settle(Kept& kept);

  /// An event of this time was stored, with an order of arrival later than all others'.
  void note_stored(int64_t user_no, Instant time);
  /// The user's events changed in whatever other way.
  void drop(int64_t user_no);
  /// Events of users with these numbers, both ends in, were packed.
  void drop_from_to(int64_t first_user, int64_t last_user);
  void clear();

  bool is_empty() const { return kept_.empty(); }
  size_t bytes() const { return bytes_; }

 private:
  using Users = std::unordered_map<int64_t, Kept>;

  Users::iterator erase(Users::iterator kept);
  Users::iterator idlest();

  std::vector<std::string> events_;
  std::vector<PropertyPath> properties_;
  bool wants_all_events_ = false;
  Users kept_;
  size_t most_bytes_ = 0;
  size_t bytes_ = 0;
  uint64_t round_ = 0;
};

}  // namespace cdp::timeline
