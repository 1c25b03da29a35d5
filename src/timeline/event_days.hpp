#pragma once

#include "base/time.hpp"
#include "bitmap/accumulator.hpp"

#include <compare>
#include <cstddef>
#include <cstdint>
#include <map>
#include <memory_resource>

namespace cdp::timeline {

/// The UTC day of an instant, in days since 2000-01-01, as PostgreSQL's date has it.
constexpr int32_t day_of(Instant time) {
  return static_cast<int32_t>(time.us / kDay - (time.us % kDay < 0 ? 1 : 0));
}

/// An event on a day.
struct EventDay {
  int32_t event_no = 0;
  int32_t day = 0;  ///< as day_of() has it

  friend constexpr auto operator<=>(const EventDay&, const EventDay&) = default;
};

/// Which users did which event on which day, gathered event by event in any order, as compressed bitmaps.
class EventDays {
 public:
  /// A user's event. `user_no` is one from 0 to 4294967295. Cheap where users ascend.
  void add(int32_t event_no, Instant time, uint32_t user_no);

  bool is_empty() const { return users_.empty(); }
  /// What is allocated, in bytes.
  size_t memory() const { return memory_.allocated(); }
  void clear();

  /// The least event and day with its users; there must be one.
  const EventDay& first() const { return users_.begin()->first; }
  bitmap::Accumulator& first_users() { return users_.begin()->second; }
  void remove_first();

 private:
  /// malloc's memory, counted.
  class Memory : public std::pmr::memory_resource {
   public:
    size_t allocated() const { return allocated_; }

   private:
    void* do_allocate(size_t bytes, size_t alignment) override;
    void do_deallocate(void* memory, size_t bytes, size_t alignment) override;
    bool do_is_equal(const memory_resource& other) const noexcept override { return this == &other; }

    size_t allocated_ = 0;
  };
  using Users = std::pmr::map<EventDay, bitmap::Accumulator>;

  Memory memory_;  // outlives what is in it
  Users users_{&memory_};
  Users::iterator last_ = users_.end();
};

}  // namespace cdp::timeline
