#include "timeline/chunk_cache.hpp"

#include "base/hash.hpp"

#include <utility>

namespace cdp::timeline {

namespace {

constexpr size_t kMostBytes = 64 << 20;

/// About how much memory a value takes.
size_t size_of(const Json& value) {
  size_t bytes = sizeof(Json);
  if (const std::string* text = value.string()) bytes += text->size();
  if (const Json::Array* elements = value.array())
    for (const Json& element : *elements) bytes += size_of(element);
  if (const Json::Object* members = value.object())
    for (const Json::Member& member : *members) bytes += member.name.size() + size_of(member.value);
  return bytes;
}

}  // namespace

size_t ChunkCache::Hash::operator()(const Key& key) const {
  uint64_t hash = mix64(key.version.place ^ static_cast<uint64_t>(key.version.transaction) << 32);
  hash = mix64(hash ^ static_cast<uint64_t>(key.first_us));
  return static_cast<size_t>(mix64(hash ^ static_cast<uint64_t>(key.user_no)));
}

void ChunkCache::serve(const Demand& demand) {
  if (events_ == demand.events() && properties_ == demand.properties() &&
      wants_all_events_ == demand.wants_all_events())
    return;
  events_ = demand.events();
  properties_ = demand.properties();
  wants_all_events_ = demand.wants_all_events();
  chunks_.clear();
  bytes_ = 0;
}

const UnpackedChunk& ChunkCache::keep(const Key& key, UnpackedChunk made) {
  size_t bytes = sizeof(Key) + sizeof(UnpackedChunk) + made.times.size() * (sizeof(Instant) + sizeof(int));
  for (const Json& value : made.values) bytes += size_of(value);
  if (bytes_ + bytes > kMostBytes) {
    chunks_.clear();
    bytes_ = 0;
  }
  bytes_ += bytes;
  return chunks_.emplace(key, std::move(made)).first->second;
}

}  // namespace cdp::timeline
