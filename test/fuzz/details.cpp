// Any bytes as packed details, their checksums made right: they are refused, or what is read of them is
// packed and comes back the same, and each column alone is as the whole has it. Any JSON text as properties
// of events: they come back. The first byte chooses.

#include "timeline/details.hpp"

#include "base/error.hpp"
#include "timeline/compression.hpp"
#include "timeline/details_format.hpp"

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <map>

namespace {

using namespace cdp;
using namespace cdp::timeline;

void require(bool holds) {
  if (!holds) std::abort();
}

/// Every number has a name, and of every name the number is known.
class Names : public PropertyNames {
 public:
  uint32_t number(PropertyRoot /*root*/, std::string_view name) override {
    const auto [found, is_new] =
        numbers_.try_emplace(std::string(name), static_cast<uint32_t>(names_.size()));
    if (is_new) names_.push_back(found->first);
    return found->second;
  }
  std::string_view name(uint32_t number) const override {
    while (names_.size() <= number && names_.size() < kMostNames) {
      std::string name = "name" + std::to_string(names_.size());
      numbers_.emplace(name, static_cast<uint32_t>(names_.size()));
      names_.push_back(std::move(name));
    }
    if (number >= names_.size()) throw Error(Category::Corrupt, "no such name");
    return names_[number];
  }

 private:
  static constexpr size_t kMostNames = 10000;
  mutable std::map<std::string, uint32_t> numbers_;
  mutable std::vector<std::string> names_;
};

ByteView view_of(const std::string& bytes) {
  return {reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size()};
}

std::string exact_text(const Json& value) {
  const Json::Object* object = value.object();
  if (object == nullptr) return value.dump();
  std::map<std::string, std::string> members;
  for (const Json::Member& member : *object) members[member.name] = exact_text(member.value);
  std::string text;
  for (const auto& [name, member] : members) text += name + ":" + member + "\n";
  return text;
}

void require_same(const std::vector<EventDetails>& a, const std::vector<EventDetails>& b) {
  require(a.size() == b.size());
  for (size_t i = 0; i < a.size(); ++i)
    require(a[i].arrival_no == b[i].arrival_no && a[i].insert_id == b[i].insert_id &&
            a[i].source == b[i].source && a[i].received_at == b[i].received_at &&
            a[i].properties == b[i].properties && a[i].context == b[i].context &&
            exact_text(a[i].properties) == exact_text(b[i].properties));
}

/// Each column alone.
void check_columns(const DetailsView& view, const std::vector<EventDetails>& events, const Names& names) {
  NumberColumn numbers;
  StringColumn strings;
  for (const uint32_t name_no : view.properties(PropertyRoot::Properties)) {
    const std::string name(names.name(name_no));
    const auto column = view.column(PropertyRoot::Properties, name_no);
    ValueColumn values;
    require(view.values(PropertyRoot::Properties, name_no, values));
    const bool has_numbers = view.numbers(PropertyRoot::Properties, name_no, numbers);
    const bool has_strings = view.strings(PropertyRoot::Properties, name_no, strings);
    for (size_t i = 0; i < events.size(); ++i) {
      const Json* value = events[i].properties.find(name);
      require(column[i].has_value() == (value != nullptr) && values.has(i) == (value != nullptr));
      require(!has_numbers || numbers.has(i) == (value != nullptr));
      require(!has_strings || strings.has(i) == (value != nullptr));
      if (value == nullptr) continue;
      require(column[i]->dump() == value->dump() && values.at(i).dump() == value->dump());
      require(!has_numbers || *value->number() == Decimal::of({numbers.digits[i], numbers.scale}));
      require(!has_strings || *value->string() == strings.at(i));
    }
  }
}

void put_checksum(std::string& bytes, size_t place, ByteView checked) {
  const uint32_t checksum = checksum_of(checked);
  std::memcpy(bytes.data() + place, &checksum, sizeof(checksum));
}

/// The bytes with checksums that hold, as far as it can be known where they stand.
std::string with_checksums(ByteView data) {
  std::string bytes(reinterpret_cast<const char*>(data.data()), data.size());
  if (bytes.size() <= 1 + kChecksumBytes) return bytes;
  const size_t head =
      DetailsView::head_bytes(view_of(bytes).first(std::min(bytes.size(), DetailsView::kPrefixBytes)));
  if (head > bytes.size()) return bytes;
  constexpr size_t kChecked = 1 + kChecksumBytes;
  put_checksum(bytes, 1, view_of(bytes).subspan(kChecked, head - kChecked));
  for (const DetailsView::Slice slice : DetailsView::open_head(view_of(bytes)).slices())
    if (slice.offset + slice.length <= bytes.size())
      put_checksum(bytes, slice.offset,
                   view_of(bytes).subspan(slice.offset + kChecksumBytes, slice.length - kChecksumBytes));
  return bytes;
}

void try_bytes(ByteView data) {
  const std::string bytes = with_checksums(data);
  const DetailsView view = DetailsView::open(view_of(bytes));
  const std::vector<Instant> times(view.size());
  Names names;
  const std::vector<EventDetails> events = view.unpack(times, names);
  check_columns(view, events, names);
  const std::string again = pack_details(events, times, names);
  require_same(DetailsView::open(view_of(again)).unpack(times, names), events);
}

void try_text(std::string_view text) {
  Json properties = parse_json(text);
  if (properties.object() == nullptr) properties = Json(Json::Object{{"value", std::move(properties)}});
  std::vector<EventDetails> events(4);
  for (size_t i = 0; i < events.size(); ++i) {
    events[i].arrival_no = static_cast<int64_t>(i * text.size());
    events[i].source = text.substr(0, 3);
    if (i != 1) events[i].properties = properties;
    if (i == 2) events[i].context = properties;
    if (i == 3 && !properties.object()->empty()) events[i].properties.object()->pop_back();
  }
  const std::vector<Instant> times(events.size());
  Names names;
  const std::string bytes = pack_details(events, times, names);
  const DetailsView view = DetailsView::open(view_of(bytes));
  require_same(view.unpack(times, names), events);
  check_columns(view, events, names);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  try {
    if (data[0] % 2 == 0)
      try_text({reinterpret_cast<const char*>(data + 1), size - 1});
    else
      try_bytes({data + 1, size - 1});
  } catch (const Error&) {  // refusing is fine
  }
  return 0;
}
