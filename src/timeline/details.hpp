#pragma once

#include "base/bytes.hpp"
#include "base/json.hpp"
#include "base/time.hpp"
#include "timeline/column.hpp"
#include "timeline/history.hpp"

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

/// Details of one user's events, packed by columns: everything that a stored event has beside its time and
/// its name. docs/design.md, "Packed details", describes the format.

namespace cdp::timeline {

using PropertyRoot = PropertyPath::Root;

/// What a stored event has beside its time and its name.
struct EventDetails {
  int64_t arrival_no = 0;
  std::optional<std::string> insert_id;
  std::string source;
  Instant received_at;
  Json properties{Json::Object()};  ///< an object
  Json context{Json::Object()};     ///< an object
};

/// The value at a path; JSON null if absent.
Json value_of(const EventDetails& details, const PropertyPath& path);

/// The numbers of property names, so that packed details need not spell them.
class PropertyNames {
 public:
  virtual ~PropertyNames() = default;

  /// The number of a property, which may be new. Two names under one root never have one number.
  virtual uint32_t number(PropertyRoot root, std::string_view name) = 0;

  /// The name of a number that number() gave. Throws an Error if it is unknown. Valid until the next call.
  virtual std::string_view name(uint32_t number) const = 0;
};

constexpr size_t kMaxPackedEvents = 65536;
/// How much the values of packed details may weigh together (weight_of() in binary_json.hpp).
constexpr uint64_t kMaxDetailsWeight = uint64_t{64} << 20;

/// Packs the details of 1 to kMaxPackedEvents events. `times` are the times of the same events, which
/// unpacking needs again. The order of an object's members is not kept, and of members of one name only the
/// last. Equal events and numbers give equal bytes (with one version of zstd). Throws Error(BadValue) where
/// properties or context are no object, Error(Limit) where values nest more than kMaxPackedDepth levels or
/// weigh more than kMaxDetailsWeight, for which it takes more than 8 MB of JSON text. Answers cancels.
std::string pack_details(std::span<const EventDetails> events, std::span<const Instant> times,
                         PropertyNames& names);

/// One number an event, of a column whose values are all numbers.
struct NumberColumn {
  int32_t scale = 0;              ///< how many of the digits stand after the point
  std::vector<int64_t> digits;    ///< value = digits / 10^scale; 0 where absent
  std::vector<uint64_t> present;  ///< a bit an event; empty if every event has a value

  bool has(size_t event) const { return present.empty() || (present[event / 64] >> event % 64 & 1) != 0; }
};

/// One string an event, of a column whose values are all strings. May be moved, not copied; must not outlive
/// the bytes that its view was opened on.
struct StringColumn {
  std::vector<std::string_view> values;  ///< the strings, each perhaps that of several events
  std::vector<uint32_t> codes;           ///< of each event which of them; values.size() where absent

  bool has(size_t event) const { return codes[event] < values.size(); }
  std::string_view at(size_t event) const { return values[codes[event]]; }

  StringValues read;  ///< what `values` points into, and room for the next use
  std::string raw;    ///< likewise
};

/// One value an event, of any column.
struct ValueColumn {
  std::vector<Json> values;     ///< each perhaps that of several events
  std::vector<uint32_t> codes;  ///< of each event which of them; values.size() where absent

  bool has(size_t event) const { return codes[event] < values.size(); }
  const Json& at(size_t event) const { return values[codes[event]]; }
};

/// Packed details, of which any column can be read alone. Every read is checked: for bytes that
/// pack_details() did not write, a function may throw Error(Corrupt), or return something, but neither reads
/// outside of the bytes, nor takes memory out of proportion (kMaxDetailsWeight). The bytes must outlive the
/// view.
class DetailsView {
 public:
  /// A stretch of the packed bytes.
  struct Slice {
    uint64_t offset;
    uint64_t length;
    friend bool operator==(const Slice&, const Slice&) = default;
  };
  /// What events have beside properties and context.
  enum class Field : uint8_t { ArrivalNo, InsertId, Source, ReceivedAt };

  /// Of the packed bytes, or of so many from their front: the head's size is known by these.
  static constexpr size_t kPrefixBytes = 10;
  /// How many bytes from the front are the head: the directory and all small columns.
  static size_t head_bytes(ByteView prefix);

  /// Opens whole packed details.
  static DetailsView open(ByteView bytes);
  /// Opens the head alone. Columns that are not in it must be supplied before they are read.
  static DetailsView open_head(ByteView head);

  /// Which bytes must be supplied to read a column; nullopt if none, since it is in the head or there is
  /// none.
  std::optional<Slice> slice(PropertyRoot root, uint32_t name_no) const;
  std::optional<Slice> slice(Field field) const;
  /// All of them, in the order of the bytes.
  std::vector<Slice> slices() const;
  /// Gives the bytes of a slice, which must outlive the view.
  void supply(Slice slice, ByteView bytes);

  /// The number of events.
  size_t size() const { return size_; }
  /// Whether an event has that property. Reads nothing but the directory.
  bool has(PropertyRoot root, uint32_t name_no) const { return find(root, name_no) != nullptr; }
  /// The properties that events have, ascending.
  std::vector<uint32_t> properties(PropertyRoot root) const;

  /// The property of each event; nullopt where it has none, which is not JSON null.
  std::vector<std::optional<Json>> column(PropertyRoot root, uint32_t name_no) const;

  /// The same without a copy of a value for each event that has it, so that a condition is decided once for
  /// several. False, with `column` as it was, where there is no such property.
  bool values(PropertyRoot root, uint32_t name_no, ValueColumn& column) const;

  /// The property of each event where all values are numbers whose digits 64 bits hold at one scale. False,
  /// with `column` as it may be, for other columns and where there is none. How many zeros a number was
  /// written with is only told by column(). Using one `column` again saves its memory.
  bool numbers(PropertyRoot root, uint32_t name_no, NumberColumn& column) const;

  /// The property of each event where all values are strings; else as numbers().
  bool strings(PropertyRoot root, uint32_t name_no, StringColumn& column) const;

  std::vector<int64_t> arrival_numbers() const;
  std::vector<Instant> received_at(std::span<const Instant> times) const;
  /// Insert ids; absent where the event has none.
  void insert_ids(StringColumn& column) const;
  void sources(StringColumn& column) const;

  /// All that was packed. `times` must be those that were given then.
  std::vector<EventDetails> unpack(std::span<const Instant> times, const PropertyNames& names) const;

 private:
  /// A column as the directory has it.
  struct Column {
    uint32_t name_no = 0;
    Encoding encoding = Encoding::Constant;
    bool is_outside = false;
    uint32_t presence = 0;  ///< 0, or which of presences_, from 1
    uint64_t raw_size = 0;  ///< 0 if it is not compressed
    Slice stored{};
    ByteView bytes;  ///< empty until they are known
  };
  /// Which events have a value.
  struct Presence {
    ByteView bytes;      ///< a bit an event, or pairs of varints
    uint64_t pairs = 0;  ///< 0 for bits
    size_t count = 0;    ///< of events that have one
  };

  Presence read_presence(ByteReader& reader) const;
  Column read_entry(ByteReader& reader) const;
  void read_entries(ByteReader& reader, uint64_t properties, uint64_t context);
  const Column* find(PropertyRoot root, uint32_t name_no) const;
  const Column* find(Field field) const;
  std::span<const Column> columns_of(PropertyRoot root) const;
  size_t count_of(const Column& column) const;
  template <class Take>
  void for_each_present(const Column& column, Take&& take) const;
  void spread_codes(const Column& column, std::vector<uint32_t>& codes, size_t absent) const;
  std::vector<int64_t> integers_of(const Column& column) const;
  bool strings_of(const Column& column, StringColumn& strings) const;
  std::vector<Json> values_of(const Column& column, Allowance& allowance) const;
  void add_members(PropertyRoot root, const PropertyNames& names, Allowance& allowance,
                   std::vector<EventDetails>& events) const;

  size_t size_ = 0;
  bool has_insert_ids_ = false;
  std::vector<Presence> presences_;
  std::vector<Column> columns_;  ///< fields in their order, properties, context; ascending by number
  size_t property_count_ = 0;
};

}  // namespace cdp::timeline
