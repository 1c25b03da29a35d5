#include "base/error.hpp"
#include "timeline/compression.hpp"
#include "timeline/details.hpp"
#include "timeline/details_format.hpp"
#include "timeline/integer_stream.hpp"

#include <algorithm>
#include <bit>

/// Reading columns of packed details that were opened.

namespace cdp::timeline {

namespace {

/// The bytes of a column as they were before they were compressed, in `buffer` if they were.
template <class Column>
ByteView raw_of(const Column& column, std::string& buffer) {
  ByteView bytes = column.bytes;
  if (column.is_outside) {
    if (bytes.empty()) throw Error(Category::Internal, "a column of packed details was not supplied");
    ByteReader reader(bytes, kDetails);
    const auto checksum = reader.fixed<uint32_t>();
    bytes = reader.take(reader.remaining());
    require_checksum(reader, bytes, checksum);
  }
  if (column.raw_size == 0) return bytes;
  buffer = decompressed(bytes, column.raw_size);
  return bytes_in(buffer);
}

}  // namespace

size_t DetailsView::count_of(const Column& column) const {
  return column.presence == 0 ? size_ : presences_[column.presence - 1].count;
}

/// Calls take(event) for every event that has a value, ascending.
template <class Take>
void DetailsView::for_each_present(const Column& column, Take&& take) const {
  if (column.presence == 0) {
    for (size_t event = 0; event < size_; ++event) take(event);
    return;
  }
  const Presence& presence = presences_[column.presence - 1];
  if (presence.pairs == 0) {
    for (size_t i = 0; i < presence.bytes.size(); ++i)
      for (unsigned bits = presence.bytes[i]; bits != 0; bits &= bits - 1)
        take(8 * i + static_cast<size_t>(std::countr_zero(bits)));
    return;
  }
  ByteReader reader(presence.bytes, kDetails);
  size_t event = 0;
  for (uint64_t i = 0; i < presence.pairs; ++i) {
    event += reader.varint();
    for (uint64_t with = reader.varint(); with > 0; --with) take(event++);
  }
}

std::vector<Json> DetailsView::values_of(const Column& column, Allowance& allowance) const {
  std::string buffer;
  std::vector<Json> values;
  read_column(column.encoding, raw_of(column, buffer), count_of(column), allowance, values);
  return values;
}

std::vector<std::optional<Json>> DetailsView::column(PropertyRoot root, uint32_t name_no) const {
  std::vector<std::optional<Json>> result(size_);
  const Column* column = find(root, name_no);
  if (column == nullptr) return result;
  Allowance allowance(kMaxDetailsWeight);
  std::vector<Json> values = values_of(*column, allowance);
  size_t next = 0;
  for_each_present(*column, [&](size_t event) { result[event] = std::move(values[next++]); });
  return result;
}

/// Codes of the events that have a value become codes of all events.
void DetailsView::spread_codes(const Column& column, std::vector<uint32_t>& codes, size_t absent) const {
  if (column.presence == 0) return;
  std::vector<uint32_t> spread(size_, static_cast<uint32_t>(absent));
  size_t next = 0;
  for_each_present(column, [&](size_t event) { spread[event] = codes[next++]; });
  codes = std::move(spread);
}

bool DetailsView::values(PropertyRoot root, uint32_t name_no, ValueColumn& column) const {
  const Column* found = find(root, name_no);
  if (found == nullptr) return false;
  std::string buffer;
  Allowance allowance(kMaxDetailsWeight);
  read_distinct(found->encoding, raw_of(*found, buffer), count_of(*found), allowance, column.values,
                column.codes);
  spread_codes(*found, column.codes, column.values.size());
  return true;
}

bool DetailsView::numbers(PropertyRoot root, uint32_t name_no, NumberColumn& column) const {
  const Column* found = find(root, name_no);
  if (found == nullptr) return false;
  std::string buffer;
  if (!read_numbers(found->encoding, raw_of(*found, buffer), count_of(*found), column.digits, &column.scale))
    return false;
  column.present.clear();
  if (found->presence == 0) return true;
  // Spread from the end, so that no value is overwritten before it is moved.
  column.present.assign((size_ + 63) / 64, 0);
  for_each_present(*found, [&](size_t event) { column.present[event / 64] |= uint64_t{1} << event % 64; });
  size_t next = column.digits.size();
  column.digits.resize(size_);
  for (size_t event = size_; event-- > 0;)
    column.digits[event] = column.has(event) ? column.digits[--next] : 0;
  return true;
}

bool DetailsView::strings_of(const Column& column, StringColumn& strings) const {
  if (!read_strings(column.encoding, raw_of(column, strings.raw), count_of(column), strings.read))
    return false;
  std::swap(strings.values, strings.read.values);
  std::swap(strings.codes, strings.read.codes);
  spread_codes(column, strings.codes, strings.values.size());
  return true;
}

bool DetailsView::strings(PropertyRoot root, uint32_t name_no, StringColumn& column) const {
  const Column* found = find(root, name_no);
  return found != nullptr && strings_of(*found, column);
}

std::vector<int64_t> DetailsView::integers_of(const Column& column) const {
  std::string buffer;
  if (column.presence != 0 || (column.encoding != Encoding::Integers && column.encoding != Encoding::Delays))
    throw Error(Category::Corrupt, std::string(kDetails) + " have a field in a wrong encoding");
  ByteReader reader(raw_of(column, buffer), kDetails);
  std::vector<int64_t> integers = read_integers(reader, size_);
  reader.expect_end();
  return integers;
}

std::vector<int64_t> DetailsView::arrival_numbers() const { return integers_of(*find(Field::ArrivalNo)); }

std::vector<Instant> DetailsView::received_at(std::span<const Instant> times) const {
  if (times.size() != size_)
    throw Error(Category::Internal, "there are other numbers of events and of times");
  const Column& column = *find(Field::ReceivedAt);
  const std::vector<int64_t> integers = integers_of(column);
  std::vector<Instant> instants(size_);
  const bool is_delay = column.encoding == Encoding::Delays;
  for (size_t i = 0; i < size_; ++i)
    instants[i].us = static_cast<int64_t>(static_cast<uint64_t>(integers[i]) +
                                          (is_delay ? static_cast<uint64_t>(times[i].us) : 0));
  return instants;
}

void DetailsView::insert_ids(StringColumn& column) const {
  const Column* found = find(Field::InsertId);
  if (found == nullptr) {
    column.values.clear();
    column.codes.assign(size_, 0);
  } else if (!strings_of(*found, column)) {
    throw Error(Category::Corrupt, std::string(kDetails) + " have a field in a wrong encoding");
  }
}

void DetailsView::sources(StringColumn& column) const {
  const Column& found = *find(Field::Source);
  if (found.presence != 0 || !strings_of(found, column))
    throw Error(Category::Corrupt, std::string(kDetails) + " have a field in a wrong encoding");
}

// ---- Everything ---------------------------------------------------------------------------------------

void DetailsView::add_members(PropertyRoot root, const PropertyNames& names, Allowance& allowance,
                              std::vector<EventDetails>& events) const {
  const auto members_of = [&](size_t event) -> Json::Object& {
    return *(root == PropertyRoot::Properties ? events[event].properties : events[event].context).object();
  };
  const std::span<const Column> columns = columns_of(root);
  uint64_t cells = 0;
  for (const Column& column : columns) cells += count_of(column);
  if (cells > allowance.left() / kValueWeight)
    throw Error(Category::Corrupt, std::string(kDetails) + " stand for more than they may");
  const auto in_all =
      std::count_if(columns.begin(), columns.end(), [](const Column& c) { return c.presence == 0; });
  for (size_t event = 0; event < size_; ++event) members_of(event).reserve(static_cast<size_t>(in_all));
  for (const Column& column : columns) {
    const std::string name(names.name(column.name_no));
    std::vector<Json> values = values_of(column, allowance);
    size_t next = 0;
    for_each_present(column, [&](size_t event) {
      members_of(event).push_back({name, std::move(values[next++])});
    });
  }
}

std::vector<EventDetails> DetailsView::unpack(std::span<const Instant> times,
                                              const PropertyNames& names) const {
  Allowance allowance(kMaxDetailsWeight);
  const std::vector<int64_t> arrivals = arrival_numbers();
  const std::vector<Instant> received = received_at(times);
  std::vector<EventDetails> events(size_);
  StringColumn strings;
  sources(strings);
  for (size_t i = 0; i < size_; ++i) {
    allowance.take(string_weight(strings.at(i)));
    events[i].arrival_no = arrivals[i];
    events[i].received_at = received[i];
    events[i].source = strings.at(i);
  }
  insert_ids(strings);
  for (size_t i = 0; i < size_; ++i) {
    if (!strings.has(i)) continue;
    allowance.take(string_weight(strings.at(i)));
    events[i].insert_id = std::string(strings.at(i));
  }
  add_members(PropertyRoot::Properties, names, allowance, events);
  add_members(PropertyRoot::Context, names, allowance, events);
  return events;
}

}  // namespace cdp::timeline
