#pragma once

#include <utility>

namespace cdp::segment {

/// While it lives, triggers of cdp.segment let pass what is written.
class Writing {
 public:
  Writing() : was_writing_(std::exchange(is_writing_, true)) {}
  ~Writing() { is_writing_ = was_writing_; }
  Writing(const Writing&) = delete;
  Writing& operator=(const Writing&) = delete;

  static bool is_under_way() { return is_writing_; }

 private:
  static inline bool is_writing_ = false;
  bool was_writing_;
};

}  // namespace cdp::segment
