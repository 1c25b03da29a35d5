#include "base/error.hpp"
#include "base/hash.hpp"
#include "base/interrupt.hpp"
#include "timeline/compression.hpp"
#include "timeline/details.hpp"
#include "timeline/details_format.hpp"
#include "timeline/integer_stream.hpp"

#include <algorithm>
#include <array>
#include <numeric>
#include <tuple>
#include <unordered_map>

namespace cdp::timeline {

namespace {

/// A property and the values that events have of it.
struct Gathered {
  PropertyRoot root;
  std::string_view name;
  uint32_t name_no = 0;
  std::vector<uint32_t> events{};  ///< ascending
  std::vector<const Json*> values{};
};

/// Collects the members of all events by property.
class Gathering {
 public:
  explicit Gathering(PropertyNames& names) : names_(names), places_(64, 0) {}

  void add(PropertyRoot root, uint32_t event, const Json& value) {
    const Json::Object* members = value.object();
    if (members == nullptr)
      throw Error(Category::BadValue,
                  std::string(root == PropertyRoot::Properties ? "properties" : "context") +
                      " of an event are no object",
                  std::string("They are of kind ") + value.kind_name() + ".");
    std::vector<uint32_t>& last = last_columns_[static_cast<size_t>(root)];
    if (last.size() < members->size()) last.resize(members->size(), UINT32_MAX);
    for (size_t i = 0; i < members->size(); ++i) {
      ticker_.tick();
      const Json::Member& member = (*members)[i];
      // Mostly an event has the properties that the one before had, in the same order.
      if (last[i] == UINT32_MAX || columns_[last[i]].name != member.name)
        last[i] = column_of(root, member.name);
      Gathered& column = columns_[last[i]];
      if (!column.events.empty() && column.events.back() == event) {
        column.values.back() = &member.value;
        continue;
      }
      column.events.push_back(event);
      column.values.push_back(&member.value);
    }
  }

  /// Ascending by root and number.
  std::vector<Gathered> release() {
    std::sort(columns_.begin(), columns_.end(), [](const Gathered& a, const Gathered& b) {
      return std::tie(a.root, a.name_no) < std::tie(b.root, b.name_no);
    });
    for (size_t i = 1; i < columns_.size(); ++i)
      if (columns_[i].root == columns_[i - 1].root && columns_[i].name_no == columns_[i - 1].name_no)
        throw Error(Category::Internal, "two names of properties have one number");
    return std::move(columns_);
  }

 private:
  uint32_t column_of(PropertyRoot root, std::string_view name) {
    size_t place = place_of(root, name);
    if (places_[place] == 0) {
      if (2 * (columns_.size() + 1) > places_.size()) {
        grow();
        place = place_of(root, name);
      }
      columns_.push_back({root, name, names_.number(root, name)});
      places_[place] = static_cast<uint32_t>(columns_.size());
    }
    return places_[place] - 1;
  }

  size_t place_of(PropertyRoot root, std::string_view name) const {
    size_t place = quick_hash64(name, static_cast<uint64_t>(root)) & (places_.size() - 1);
    while (places_[place] != 0 &&
           (columns_[places_[place] - 1].root != root || columns_[places_[place] - 1].name != name))
      place = (place + 1) & (places_.size() - 1);
    return place;
  }

  void grow() {
    places_.assign(2 * places_.size(), 0);
    for (uint32_t i = 0; i < columns_.size(); ++i)
      places_[place_of(columns_[i].root, columns_[i].name)] = i + 1;
  }

  PropertyNames& names_;
  std::vector<Gathered> columns_;
  std::vector<uint32_t> places_;  ///< by hash: numbers of columns from 1; 0 for an empty place
  std::array<std::vector<uint32_t>, 2> last_columns_;
  InterruptTicker ticker_;
};

/// Writes which events have a value: as bits or as runs, whatever is shorter.
std::string presence_of(std::span<const uint32_t> events, size_t event_count) {
  std::string runs;
  uint64_t pairs = 0;
  uint32_t done = 0;
  for (size_t i = 0; i < events.size(); ++pairs) {
    size_t end = i + 1;
    while (end < events.size() && events[end] == events[end - 1] + 1) ++end;
    append_varint(runs, events[i] - done);
    append_varint(runs, end - i);
    done = events[end - 1] + 1;
    i = end;
  }
  std::string out;
  if (runs.size() + varint_size(pairs) <= 1 + (event_count + 7) / 8) {
    append_varint(out, pairs);
    return out + runs;
  }
  out.assign(1 + (event_count + 7) / 8, '\0');
  for (const uint32_t event : events) out[1 + event / 8] |= static_cast<char>(1 << event % 8);
  return out;
}

/// Puts the parts of packed details together.
class Assembly {
 public:
  explicit Assembly(size_t event_count) : event_count_(event_count) {}

  /// A column of the fields, or one of the property of that name where the one before had `previous`.
  void add(const EncodedColumn& column, std::optional<uint32_t> number_gap,
           std::span<const uint32_t> events) {
    const bool is_partial = events.size() < event_count_;
    const size_t size = column.bytes.size();
    const bool is_outside = size > kMaxColumnInHead || in_head_.size() + size > kMaxColumnsInHead;
    if (number_gap) append_varint(entries_, *number_gap);
    entries_.push_back(static_cast<char>(static_cast<uint8_t>(column.encoding) |
                                         (is_partial ? kIsPartial : 0) | (is_outside ? kIsOutside : 0) |
                                         (column.raw_size != 0 ? kIsCompressed : 0)));
    if (is_partial) append_varint(entries_, number_of_presence(events));
    append_varint(entries_, size);
    if (column.raw_size != 0) append_varint(entries_, column.raw_size);
    if (is_outside) append_checksum(outside_, column.bytes);
    (is_outside ? outside_ : in_head_) += column.bytes;
  }

  std::string release(bool has_insert_ids, size_t properties, size_t context) const {
    std::string body;
    append_varint(body, event_count_);
    body.push_back(
        static_cast<char>((has_insert_ids ? kHasInsertIds : 0) | (properties != 0 ? kHasProperties : 0) |
                          (context != 0 ? kHasContext : 0) | (!presences_.empty() ? kHasPresences : 0)));
    for (const size_t count : {properties, context, presence_numbers_.size()})
      if (count != 0) append_varint(body, count);
    body += presences_;
    body += entries_;
    body += in_head_;
    // The head's size counts itself.
    const size_t without_size = 1 + kChecksumBytes + body.size();
    size_t size = without_size + 1;
    while (without_size + varint_size(size) != size) ++size;
    std::string checked;
    append_varint(checked, size);
    checked += body;
    std::string out(1, static_cast<char>(kDetailsVersion));
    append_checksum(out, checked);
    return out + checked + outside_;
  }

 private:
  static void append_checksum(std::string& out, std::string_view bytes) {
    const uint32_t checksum = checksum_of(bytes_in(bytes));
    out.append(reinterpret_cast<const char*>(&checksum), sizeof(checksum));
  }

  uint32_t number_of_presence(std::span<const uint32_t> events) {
    std::string presence = presence_of(events, event_count_);
    const auto [found, is_new] =
        presence_numbers_.try_emplace(std::move(presence), static_cast<uint32_t>(presence_numbers_.size()));
    if (is_new) presences_ += found->first;
    return found->second;
  }

  size_t event_count_;
  std::unordered_map<std::string, uint32_t> presence_numbers_;
  std::string presences_;
  std::string entries_;
  std::string in_head_;
  std::string outside_;
};

/// Instants of receipt, as delays behind the events' times or as they are.
EncodedColumn encode_received_at(std::span<const EventDetails> events, std::span<const Instant> times) {
  std::vector<int64_t> delays;
  std::vector<int64_t> instants;
  for (size_t i = 0; i < events.size(); ++i) {
    instants.push_back(events[i].received_at.us);
    delays.push_back(
        static_cast<int64_t>(static_cast<uint64_t>(instants[i]) - static_cast<uint64_t>(times[i].us)));
  }
  EncodedColumn by_delay = encode_integers(delays);
  EncodedColumn by_instant = encode_integers(instants);
  by_delay.encoding = Encoding::Delays;
  return by_delay.bytes.size() <= by_instant.bytes.size() ? std::move(by_delay) : std::move(by_instant);
}

/// Throws where these events weigh too much to be read again.
void require_weight(std::span<const EventDetails> events) {
  uint64_t weight = 0;
  for (const EventDetails& event : events) {
    check_interrupts();
    for (const Json* root : {&event.properties, &event.context}) weight += weight_of(*root);
    weight += string_weight(event.source) + (event.insert_id ? string_weight(*event.insert_id) : 0);
    if (weight > kMaxDetailsWeight)
      throw Error(Category::Limit, "details of these events are too large to be packed together",
                  "Their values weigh more than 64 MB, each 16 bytes and its text.",
                  "Pack fewer events at once.");
  }
}

void add_fields(std::span<const EventDetails> events, std::span<const Instant> times, Assembly& assembly,
                bool* has_insert_ids) {
  std::vector<uint32_t> all(events.size());
  std::iota(all.begin(), all.end(), 0);
  std::vector<int64_t> arrivals;
  std::vector<std::string_view> insert_ids;
  std::vector<uint32_t> with_insert_id;
  std::vector<std::string_view> sources;
  for (uint32_t i = 0; i < events.size(); ++i) {
    arrivals.push_back(events[i].arrival_no);
    sources.emplace_back(events[i].source);
    if (!events[i].insert_id) continue;
    insert_ids.emplace_back(*events[i].insert_id);
    with_insert_id.push_back(i);
  }
  assembly.add(encode_integers(arrivals), std::nullopt, all);
  *has_insert_ids = !insert_ids.empty();
  if (*has_insert_ids) assembly.add(encode_strings(insert_ids), std::nullopt, with_insert_id);
  assembly.add(encode_strings(sources), std::nullopt, all);
  assembly.add(encode_received_at(events, times), std::nullopt, all);
}

}  // namespace

std::string pack_details(std::span<const EventDetails> events, std::span<const Instant> times,
                         PropertyNames& names) {
  if (events.empty() || events.size() > kMaxPackedEvents)
    throw Error(Category::Limit, "details are packed of 1 to " + std::to_string(kMaxPackedEvents) + " events",
                "There are " + std::to_string(events.size()) + ".");
  if (events.size() != times.size())
    throw Error(Category::Internal, "there are other numbers of events and of times");
  require_weight(events);
  Gathering gathering(names);
  for (uint32_t i = 0; i < events.size(); ++i) {
    gathering.add(PropertyRoot::Properties, i, events[i].properties);
    gathering.add(PropertyRoot::Context, i, events[i].context);
  }
  Assembly assembly(events.size());
  bool has_insert_ids = false;
  add_fields(events, times, assembly, &has_insert_ids);
  std::array<size_t, 2> counts{};
  std::array<uint32_t, 2> next{};
  for (const Gathered& column : gathering.release()) {
    check_interrupts();
    const auto root = static_cast<size_t>(column.root);
    ++counts[root];
    assembly.add(encode_values(column.values), column.name_no - next[root], column.events);
    next[root] = column.name_no + 1;
  }
  return assembly.release(has_insert_ids, counts[0], counts[1]);
}

}  // namespace cdp::timeline
