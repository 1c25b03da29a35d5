#include "timeline/details.hpp"

#include "base/error.hpp"
#include "timeline/compression.hpp"
#include "timeline/details_format.hpp"
#include "timeline/integer_stream.hpp"

#include <algorithm>
#include <bit>

namespace cdp::timeline {

namespace {

/// Compressed columns stand together for no more than this, whatever they say.
constexpr uint64_t kMaxRawTogether = 2 * kMaxRawBytes;

}  // namespace

Json value_of(const EventDetails& details, const PropertyPath& path) {
  const Json& root = path.root == PropertyRoot::Properties ? details.properties : details.context;
  const Json* value = root.find(path.names);
  return value != nullptr ? *value : Json();
}

size_t DetailsView::head_bytes(ByteView prefix) {
  ByteReader reader(prefix, kDetails);
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
  if (size > head.size()) throw Error(Category::Corrupt, std::string(kDetails) + " end in their head");
  ByteReader reader(head.first(size), kDetails);
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
  if (end != bytes.size()) throw Error(Category::Corrupt, std::string(kDetails) + " are of a wrong size");
  return view;
}

// ---- The directory ------------------------------------------------------------------------------------

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
    throw Error(Category::Corrupt, std::string(kDetails) + " are of a wrong size");
  for (Column& column : columns_)
    if (column.is_outside && column.stored == slice) column.bytes = bytes;
}

std::vector<uint32_t> DetailsView::properties(PropertyRoot root) const {
  std::vector<uint32_t> numbers;
  for (const Column& column : columns_of(root)) numbers.push_back(column.name_no);
  return numbers;
}

}  // namespace cdp::timeline
