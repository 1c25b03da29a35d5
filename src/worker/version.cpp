#include "worker/version.hpp"

#include <algorithm>
#include <charconv>
#include <string>

namespace cdp::worker {

namespace {

/// Takes the first number off `version`.
int take_number(std::string_view* version) {
  const std::string_view part = version->substr(0, version->find('.'));
  int number = 0;
  (void)std::from_chars(part.data(), part.data() + part.size(), number);
  version->remove_prefix(std::min(part.size() + 1, version->size()));
  return number;
}

}  // namespace

bool is_older_version(std::string_view a, std::string_view b) {
  while (!a.empty() || !b.empty()) {
    const int of_a = take_number(&a);
    const int of_b = take_number(&b);
    if (of_a != of_b) return of_a < of_b;
  }
  return false;
}

}  // namespace cdp::worker
