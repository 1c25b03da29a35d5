#pragma once

#include "pg/server.hpp"

#include "segment/catalog.hpp"

#include <cstdint>
#include <string>
#include <vector>

namespace cdp::segment {

/// Tells in pg_stat_activity how far the members of segments are computed; at its end what was there before.
class Progress {
 public:
  Progress(const std::vector<const Definition*>& segments, int64_t last_user);
  ~Progress();
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

  void reached(int64_t user_no);

 private:
  void tell(int64_t user_no);

  std::string segments_;
  int64_t last_user_;
  int64_t told_ = 0;
};

}  // namespace cdp::segment
