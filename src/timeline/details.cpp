#include "timeline/details.hpp"

#include "base/error.hpp"
#include "timeline/compression.hpp"
#include "timeline/details_format.hpp"
#include "timeline/integer_stream.hpp"

#include <algorithm>
#include <array>
#include <bit>

namespace cdp::timeline {

namespace {

constexpr const char* kWhat = "packed details of events";
/// Compressed columns stand together for no more than this, whatever they say.
constexpr uint64_t kMaxRawTogether = 2 * kMaxRawBytes;

void require_checksum(ByteReader& reader, ByteView bytes, uint32_t checksum) {
  if (checksum_of(bytes) != checksum) reader.fail("have a wrong checksum");
}

/// The bytes of a column as they were before they were compressed, in `buffer` if they were.
template <class Column>
ByteView raw_of(const Column& column, std::string& buffer) {
  ByteView bytes = column.bytes;
  if (column.is_outside) {
    if (bytes.empty()) throw Error(Category::Internal, "a column of packed details was not supplied");
    ByteReader reader(bytes, kWhat);
    const auto checksum = reader.fixed<uint32_t>();
    bytes = reader.take(reader.remaining());
    require_checksum(reader, bytes, checksum);
  }
  if (column.raw_size == 0) return bytes;
  buffer = decompressed(bytes, column.raw_size);
  return {reinterpret_cast<const uint8_t*>(buffer.data()), buffer.size()};
}

}  // namespace

size_t DetailsView::head_bytes(ByteView prefix) {
  ByteReader reader(prefix, kWhat);
  if (reader.fixed<uint8_t>() != kDetailsVersion) reader.fail("are of an unknown version");
  (void)reader.take(kChecksumBytes);
  const uint64_t size = reader.varint();
  if (size < reader.position()) reader.fail("have a head of a wrong size");
  return size;
}

DetailsView::Presence DetailsView::read_presence(ByteReader& reader) const {
  Presence presence;
  presence.pairs = reader.varint();
  if (presence.pairs == 0) {
    presence.bytes = reader.take((size_ + 7) / 8);
    for (const uint8_t byte : presence.bytes) presence.count += static_cast<size_t>(std::popcount(byte));
    if (size_ % 8 != 0 && presence.bytes.back() >> size_ % 8 != 0)
      reader.fail("mention events that are not there");
  } else {
    ByteReader begin = reader;
    size_t done = 0;
    for (uint64_t i = 0; i < presence.pairs; ++i) {
      const uint64_t without = reader.varint();
      if (without > size_ - done) reader.fail("mention events that are not there");
      const uint64_t with = reader.varint();
      if (with > size_ - done - without) reader.fail("mention events that are not there");
      done += without + with;
      presence.count += with;
    }
    presence.bytes = begin.take(reader.position() - begin.position());
  }
  if (presence.count == 0) reader.fail("have a column without values");
  return presence;
}

DetailsView::Column DetailsView::read_entry(ByteReader& reader) const {
  Column column;
  const auto byte = reader.fixed<uint8_t>();
  if ((byte & kEncodingBits) > kMaxEncoding || byte > 127)
    reader.fail("have a column in an unknown encoding");
  column.encoding = static_cast<Encoding>(byte & kEncodingBits);
  column.is_outside = (byte & kIsOutside) != 0;
  if ((byte & kIsPartial) != 0) {
    const uint64_t presence = reader.varint();
    if (presence >= presences_.size()) reader.fail("have a column of unknown events");
    column.presence = static_cast<uint32_t>(presence) + 1;
  }
  column.stored.length = reader.varint();
  if (column.stored.length == 0 || column.stored.length > kMaxRawBytes)
    reader.fail("have a column of a wrong size");
  if ((byte & kIsCompressed) != 0) {
    column.raw_size = reader.varint();
    if (column.raw_size == 0 || column.raw_size > kMaxRawBytes) reader.fail("have a column of a wrong size");
  }
  return column;
}

void DetailsView::read_entries(ByteReader& reader, uint64_t properties, uint64_t context) {
  constexpr size_t kLeastEntryBytes = 3;
  const size_t fields = has_insert_ids_ ? 4 : 3;
  const uint64_t most = reader.remaining() / kLeastEntryBytes;
  if (properties > most || context > most - properties) reader.fail("have a wrong number of columns");
  columns_.reserve(fields + properties + context);
  property_count_ = properties;
  uint64_t raw_together = 0;
  uint64_t next_number = 0;
  for (size_t i = 0; i < fields + properties + context; ++i) {
    if (i == fields || i == fields + properties) next_number = 0;
    if (i >= fields) {
      const uint64_t gap = reader.varint();
      if (gap > UINT32_MAX - next_number || next_number > UINT32_MAX)
        reader.fail("have a wrong number of a name");
      next_number += gap;
    }
    columns_.push_back(read_entry(reader));
    columns_.back().name_no = static_cast<uint32_t>(next_number++);
    raw_together += columns_.back().raw_size;
  }
  if (raw_together > kMaxRawTogether) reader.fail("stand for too many bytes");
}

DetailsView DetailsView::open_head(ByteView head) {
  const size_t size = head_bytes(head.first(std::min(head.size(), kPrefixBytes)));
  if (size > head.size()) throw Error(Category::Corrupt, std::string(kWhat) + " end in their head");
  ByteReader reader(head.first(size), kWhat);
  (void)reader.fixed<uint8_t>();
  const auto checksum = reader.fixed<uint32_t>();
  require_checksum(reader, head.first(size).subspan(reader.position()), checksum);
  (void)reader.varint();

  DetailsView view;
  view.size_ = reader.varint();
  if (view.size_ == 0 || view.size_ > kMaxPackedEvents) reader.fail("have a wrong number of events");
  const auto flags = reader.fixed<uint8_t>();
  if (flags > 15) reader.fail("have unknown parts");
  view.has_insert_ids_ = (flags & kHasInsertIds) != 0;
  const uint64_t properties = (flags & kHasProperties) != 0 ? reader.varint() : 0;
  const uint64_t context = (flags & kHasContext) != 0 ? reader.varint() : 0;
  const uint64_t presences = (flags & kHasPresences) != 0 ? reader.varint() : 0;
  if (presences > reader.remaining()) reader.fail("have a wrong number of presences");
  view.presences_.reserve(presences);
  for (uint64_t i = 0; i < presences; ++i) view.presences_.push_back(view.read_presence(reader));
  view.read_entries(reader, properties, context);
  uint64_t outside = size;
  for (Column& column : view.columns_) {
    if (column.is_outside) {
      column.stored = {outside, column.stored.length + kChecksumBytes};
      outside += column.stored.length;
    } else {
      column.bytes = reader.take(column.stored.length);
    }
  }
  reader.expect_end();
  return view;
}

DetailsView DetailsView::open(ByteView bytes) {
  DetailsView view = open_head(bytes);
  uint64_t end = head_bytes(bytes.first(std::min(bytes.size(), kPrefixBytes)));
  for (Column& column : view.columns_) {
    if (!column.is_outside) continue;
    end = column.stored.offset + column.stored.length;
    if (end > bytes.size()) break;
    column.bytes = bytes.subspan(column.stored.offset, column.stored.length);
  }
  if (end != bytes.size()) throw Error(Category::Corrupt, std::string(kWhat) + " are of a wrong size");
  return view;
}

// ---- The directory
// ------------------------------------------------------------------------------------------

std::span<const DetailsView::Column> DetailsView::columns_of(PropertyRoot root) const {
  const std::span<const Column> all = std::span(columns_).subspan(has_insert_ids_ ? 4 : 3);
  return root == PropertyRoot::Properties ? all.first(property_count_) : all.subspan(property_count_);
}

const DetailsView::Column* DetailsView::find(PropertyRoot root, uint32_t name_no) const {
  const std::span<const Column> columns = columns_of(root);
  const auto found = std::lower_bound(columns.begin(), columns.end(), name_no,
                                      [](const Column& column, uint32_t no) { return column.name_no < no; });
  return found != columns.end() && found->name_no == name_no ? &*found : nullptr;
}

const DetailsView::Column* DetailsView::find(Field field) const {
  switch (field) {
    case Field::ArrivalNo:
      return columns_.data();
    case Field::InsertId:
      return has_insert_ids_ ? &columns_[1] : nullptr;
    case Field::Source:
      return &columns_[has_insert_ids_ ? 2 : 1];
    default:
      return &columns_[has_insert_ids_ ? 3 : 2];
  }
}

std::optional<DetailsView::Slice> DetailsView::slice(PropertyRoot root, uint32_t name_no) const {
  const Column* column = find(root, name_no);
  return column != nullptr && column->is_outside ? std::optional(column->stored) : std::nullopt;
}

std::optional<DetailsView::Slice> DetailsView::slice(Field field) const {
  const Column* column = find(field);
  return column != nullptr && column->is_outside ? std::optional(column->stored) : std::nullopt;
}

std::vector<DetailsView::Slice> DetailsView::slices() const {
  std::vector<Slice> slices;
  for (const Column& column : columns_)
    if (column.is_outside) slices.push_back(column.stored);
  return slices;
}

void DetailsView::supply(Slice slice, ByteView bytes) {
  if (bytes.size() != slice.length)
    throw Error(Category::Corrupt, std::string(kWhat) + " are of a wrong size");
  for (Column& column : columns_)
    if (column.is_outside && column.stored == slice) column.bytes = bytes;
}

std::vector<uint32_t> DetailsView::properties(PropertyRoot root) const {
  std::vector<uint32_t> numbers;
  for (const Column& column : columns_of(root)) numbers.push_back(column.name_no);
  return numbers;
}

// ---- Columns
// ------------------------------------------------------------------------------------------------

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
  ByteReader reader(presence.bytes, kWhat);
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
  if (column.presence == 0) {
    std::swap(strings.codes, strings.read.codes);
    return true;
  }
  strings.codes.assign(size_, static_cast<uint32_t>(strings.values.size()));
  size_t next = 0;
  for_each_present(column, [&](size_t event) { strings.codes[event] = strings.read.codes[next++]; });
  return true;
}

bool DetailsView::strings(PropertyRoot root, uint32_t name_no, StringColumn& column) const {
  const Column* found = find(root, name_no);
  return found != nullptr && strings_of(*found, column);
}

std::vector<int64_t> DetailsView::integers_of(const Column& column) const {
  std::string buffer;
  if (column.presence != 0 || (column.encoding != Encoding::Integers && column.encoding != Encoding::Delays))
    throw Error(Category::Corrupt, std::string(kWhat) + " have a field in a wrong encoding");
  ByteReader reader(raw_of(column, buffer), kWhat);
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
    throw Error(Category::Corrupt, std::string(kWhat) + " have a field in a wrong encoding");
  }
}

void DetailsView::sources(StringColumn& column) const {
  const Column& found = *find(Field::Source);
  if (found.presence != 0 || !strings_of(found, column))
    throw Error(Category::Corrupt, std::string(kWhat) + " have a field in a wrong encoding");
}

// ---- Everything
// ---------------------------------------------------------------------------------------------

void DetailsView::add_members(PropertyRoot root, const PropertyNames& names, Allowance& allowance,
                              std::vector<EventDetails>& events) const {
  const auto members_of = [&](size_t event) -> Json::Object& {
    return *(root == PropertyRoot::Properties ? events[event].properties : events[event].context).object();
  };
  const std::span<const Column> columns = columns_of(root);
  uint64_t cells = 0;
  for (const Column& column : columns) cells += count_of(column);
  if (cells > allowance.left() / kValueWeight)
    throw Error(Category::Corrupt, std::string(kWhat) + " stand for more than they may");
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
