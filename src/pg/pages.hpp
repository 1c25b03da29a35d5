#pragma once

#include <cstdint>
#include <string>

namespace cdp::pg {

class Spi;

/// Pages of a table, as texts of tids: from `first` on, and before `behind`.
struct PageRange {
  std::string first;
  std::string behind;
};

/// So many neighbouring pages somewhere in a table, named with its schema; some may lie behind its end.
PageRange random_pages(Spi& spi, const char* table, int64_t pages);

}  // namespace cdp::pg
