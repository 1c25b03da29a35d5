#include "timeline/event_days.hpp"

#include <tuple>
#include <utility>

namespace cdp::timeline {

void* EventDays::Memory::do_allocate(size_t bytes, size_t alignment) {
  void* memory = std::pmr::new_delete_resource()->allocate(bytes, alignment);
  allocated_ += bytes;
  return memory;
}

void EventDays::Memory::do_deallocate(void* memory, size_t bytes, size_t alignment) {
  std::pmr::new_delete_resource()->deallocate(memory, bytes, alignment);
  allocated_ -= bytes;
}

void EventDays::add(int32_t event_no, Instant time, uint32_t user_no) {
  const EventDay key{event_no, day_of(time)};
  if (last_ == users_.end() || last_->first != key) {
    last_ = users_.find(key);
    if (last_ == users_.end())
      last_ = users_
                  .emplace(std::piecewise_construct, std::forward_as_tuple(key),
                           std::forward_as_tuple(static_cast<std::pmr::memory_resource*>(&memory_)))
                  .first;
  }
  last_->second.add(user_no);
}

void EventDays::clear() {
  users_.clear();
  last_ = users_.end();
}

void EventDays::remove_first() {
  users_.erase(users_.begin());
  last_ = users_.end();
}

}  // namespace cdp::timeline
