#pragma once

#include "timeline/history.hpp"
#include "timeline/scan.hpp"

#include <cstddef>
#include <cstdint>
#include <span>
#include <unordered_map>
#include <vector>

namespace cdp::timeline {

/// A chunk's events as a demand asks for them, unpacked.
struct UnpackedChunk {
  std::vector<Instant> times;
  std::vector<int> events;   ///< by number of the demand
  std::vector<Json> values;  ///< of the demand's property columns, event by event

  std::span<const Json> values_of(size_t event, size_t columns) const {
    return std::span(values).subspan(event * columns, columns);
  }
};

/// Keeps chunks of people with long histories unpacked, for whoever reads them again and again: a stored
/// chunk never changes, it gives way to another version of its row. Bounded; when it is full it begins anew.
class ChunkCache {
 public:
  /// What is kept is kept for one demand: forgets everything if this is another.
  void serve(const Demand& demand);

  /// The chunk of this user, made by `unpack(UnpackedChunk&)` if it is not there. Valid until the next call.
  template <class Unpack>
  const UnpackedChunk& get(int64_t user_no, const ScannedChunk& chunk, const Unpack& unpack) {
    const Key key{user_no, chunk.timeline.first().us, chunk.version};
    if (const auto known = chunks_.find(key); known != chunks_.end()) return known->second;
    UnpackedChunk made;
    unpack(made);
    return keep(key, std::move(made));
  }

 private:
  struct Key {
    int64_t user_no;
    int64_t first_us;
    RowVersion version;

    friend bool operator==(const Key&, const Key&) = default;
  };
  struct Hash {
    size_t operator()(const Key& key) const;
  };

  const UnpackedChunk& keep(const Key& key, UnpackedChunk made);

  std::vector<std::string> events_;
  std::vector<PropertyPath> properties_;
  bool wants_all_events_ = false;
  std::unordered_map<Key, UnpackedChunk, Hash> chunks_;
  size_t bytes_ = 0;
};

}  // namespace cdp::timeline
