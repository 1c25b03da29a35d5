#include "event/snapshot.hpp"

#include "base/error.hpp"

#include <algorithm>
#include <charconv>

namespace cdp::event {

Snapshot Snapshot::parse(std::string_view text) {
  const char* at = text.data();
  const char* end = at + text.size();
  const auto refuse = [&] {
    throw Error(Category::BadText, "invalid snapshot \"" + std::string(text) + "\"");
  };
  const auto number = [&](char terminator) {
    uint64_t value = 0;
    const auto [after, failure] = std::from_chars(at, end, value);
    if (failure != std::errc()) refuse();
    at = after;
    if (terminator != '\0') {
      if (at == end || *at != terminator) refuse();
      ++at;
    }
    return value;
  };
  Snapshot snapshot;
  snapshot.xmin = number(':');
  snapshot.xmax = number(':');
  for (bool has_more = at != end; has_more;) {
    snapshot.in_progress.push_back(number('\0'));
    has_more = at != end;
    if (has_more && *at++ != ',') refuse();
  }
  if (!std::is_sorted(snapshot.in_progress.begin(), snapshot.in_progress.end())) refuse();
  return snapshot;
}

std::string Snapshot::to_string() const {
  std::string text = std::to_string(xmin) + ":" + std::to_string(xmax) + ":";
  for (const uint64_t transaction : in_progress) {
    if (text.back() != ':') text += ",";
    text += std::to_string(transaction);
  }
  return text;
}

bool Snapshot::sees(uint64_t transaction) const {
  if (transaction < xmin) return true;
  if (transaction >= xmax) return false;
  return !std::binary_search(in_progress.begin(), in_progress.end(), transaction);
}

void Snapshot::exclude(uint64_t transaction) {
  if (!sees(transaction)) return;
  in_progress.insert(std::lower_bound(in_progress.begin(), in_progress.end(), transaction), transaction);
  xmin = std::min(xmin, transaction);
}

}  // namespace cdp::event
