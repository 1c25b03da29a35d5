#include "timeline/history.hpp"

#include "base/error.hpp"

#include <algorithm>
#include <iterator>

namespace cdp::timeline {

namespace {

template <class T>
int index_of_or_add(std::vector<T>& items, T item) {
  const auto found = std::find(items.begin(), items.end(), item);
  if (found != items.end()) return static_cast<int>(found - items.begin());
  items.push_back(std::move(item));
  return static_cast<int>(items.size()) - 1;
}

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

int Demand::event(std::string_view name) { return index_of_or_add(events_, std::string(name)); }

int Demand::property(const PropertyPath& path) { return index_of_or_add(properties_, path); }

void History::add(Instant time, int event, std::span<Json> values) {
  if (!times_.empty() && time < times_.back())
    throw Error(Category::Internal, "history is not in order of time");
  if (values.size() != columns_) throw Error(Category::Internal, "history has another number of columns");
  if (event >= 0) {
    if (static_cast<size_t>(event) >= positions_.size()) positions_.resize(static_cast<size_t>(event) + 1);
    positions_[static_cast<size_t>(event)].push_back(static_cast<uint32_t>(size()));
  }
  times_.push_back(time);
  events_.push_back(event);
  for (size_t column = 0; column < columns_; ++column)
    if (const Decimal* const number = values[column].number(); number != nullptr && number->sign() < 0)
      may_be_negative_[column] = 1;
  std::move(values.begin(), values.end(), std::back_inserter(values_));
}

void History::clear() {
  for (const int event : events_)
    if (event >= 0) positions_[static_cast<size_t>(event)].clear();
  times_.clear();
  events_.clear();
  values_.clear();
  std::fill(may_be_negative_.begin(), may_be_negative_.end(), 0);
}

void History::truncate(Instant time) {
  const auto kept =
      static_cast<size_t>(std::lower_bound(times_.begin(), times_.end(), time) - times_.begin());
  for (size_t i = kept; i < events_.size(); ++i)
    if (events_[i] >= 0) positions_[static_cast<size_t>(events_[i])].pop_back();
  times_.resize(kept);
  events_.resize(kept);
  values_.resize(kept * columns_);
}

size_t History::bytes() const {
  size_t bytes = size() * kBytesAnEvent;
  for (const Json& value : values_) bytes += size_of(value);
  return bytes;
}

}  // namespace cdp::timeline
