#include "timeline/binary_json.hpp"

#include "base/error.hpp"
#include "base/interrupt.hpp"
#include "base/json_parse.hpp"
#include "timeline/integer_stream.hpp"

#include <algorithm>
#include <array>

namespace cdp::timeline {

namespace {

enum Kind : uint8_t { Null, False, True, Whole, Digits, LongNumber, String, Hex, Uuid, Array, Object };

constexpr uint64_t kLongLength = 15;
/// Shorter strings of hexadecimal digits are mostly words and numbers, and gain nothing.
constexpr size_t kLeastHexDigits = 6;
/// From this many members on, repeated names are sought by sorting.
constexpr size_t kManyMembers = 32;

void append_kind(std::string& out, Kind kind, uint64_t length) {
  out.push_back(static_cast<char>(kind | std::min(length, kLongLength) << 4));
  if (length >= kLongLength) append_varint(out, length);
}

void append_number(std::string& out, const Decimal& number) {
  if (const auto digits = number.digits()) {
    if (digits->scale == 0)
      append_kind(out, Whole, 0);
    else
      append_kind(out, Digits, static_cast<uint64_t>(digits->scale));
    append_varint(out, zigzag(digits->value));
    return;
  }
  const std::string text = number.to_string();
  append_kind(out, LongNumber, text.size());
  out += text;
}

/// How long the number's text is where 64 bits do not hold its digits; else 0.
size_t long_digits(const Decimal& number) { return number.digits() ? 0 : number.to_string().size(); }

bool has_repeated_names(const Json::Object& object) {
  if (object.size() < kManyMembers) {
    for (size_t i = 1; i < object.size(); ++i)
      for (size_t j = 0; j < i; ++j)
        if (object[i].name == object[j].name) return true;
    return false;
  }
  std::vector<std::string_view> names;
  names.reserve(object.size());
  for (const Json::Member& member : object) names.emplace_back(member.name);
  std::sort(names.begin(), names.end());
  return std::adjacent_find(names.begin(), names.end()) != names.end();
}

void append_nested(std::string& out, const Json& value, int levels);

void append_object(std::string& out, const Json::Object& object, int levels) {
  append_kind(out, Object, object.size());
  for (const Json::Member& member : object) {
    append_varint(out, member.name.size());
    out += member.name;
    append_nested(out, member.value, levels);
  }
}

int entered(int levels) {
  if (levels > 0) return levels - 1;
  throw Error(Category::Limit,
              "JSON of an event nests deeper than " + std::to_string(kMaxPackedDepth) + " levels");
}

uint64_t nested_weight(const Json& value, int levels) {
  uint64_t weight = kValueWeight;
  if (const std::string* string = value.string()) {
    weight += string->size();
  } else if (const Decimal* number = value.number()) {
    weight += long_digits(*number);
  } else if (const Json::Array* array = value.array()) {
    for (const Json& item : *array) weight += nested_weight(item, entered(levels));
  } else if (const Json::Object* object = value.object()) {
    for (const Json::Member& member : *object)
      weight += member.name.size() + nested_weight(member.value, entered(levels));
  }
  return weight;
}

void append_nested(std::string& out, const Json& value, int levels) {
  if (const std::string* string = value.string()) {
    append_string_value(out, *string);
  } else if (const Decimal* number = value.number()) {
    append_number(out, *number);
  } else if (const bool* boolean = value.boolean()) {
    append_kind(out, *boolean ? True : False, 0);
  } else if (value.is_null()) {
    append_kind(out, Null, 0);
  } else if (const Json::Array* array = value.array()) {
    append_kind(out, Array, array->size());
    for (const Json& item : *array) append_nested(out, item, entered(levels));
  } else if (const Json::Object* object = value.object(); has_repeated_names(*object)) {
    Json::Object with_each_name_once = *object;
    keep_last_of_each_name(with_each_name_once);
    append_object(out, with_each_name_once, entered(levels));
  } else {
    append_object(out, *object, entered(levels));
  }
}

constexpr std::string_view kHexDigits = "0123456789abcdef";

int digit_of(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

constexpr std::array<size_t, 4> kHyphens{8, 13, 18, 23};

}  // namespace

uint64_t weight_of(const Json& value) { return nested_weight(value, kMaxPackedDepth); }

void Allowance::take(uint64_t weight) {
  if (weight > left_)
    throw Error(Category::Corrupt, "packed details of events stand for more than they may",
                "More than 64 MB of values.");
  left_ -= weight;
}

void Allowance::take(uint64_t weight, uint64_t times) {
  uint64_t product = 0;
  take(__builtin_mul_overflow(weight, times, &product) ? UINT64_MAX : product);
}

bool is_lower_hex(std::string_view string) {
  return std::all_of(string.begin(), string.end(), [](char c) { return digit_of(c) >= 0; });
}

void append_packed_hex(std::string& out, std::string_view digits) {
  for (size_t i = 0; i < digits.size(); i += 2)
    out.push_back(static_cast<char>(digit_of(digits[i]) << 4 | digit_of(digits[i + 1])));
}

std::optional<std::string> packed_uuid(std::string_view string) {
  if (string.size() != kUuidDigits) return std::nullopt;
  std::string digits;
  size_t begin = 0;
  for (const size_t hyphen : kHyphens) {
    if (string[hyphen] != '-') return std::nullopt;
    digits += string.substr(begin, hyphen - begin);
    begin = hyphen + 1;
  }
  digits += string.substr(begin);
  if (!is_lower_hex(digits)) return std::nullopt;
  std::string bytes;
  append_packed_hex(bytes, digits);
  return bytes;
}

size_t PackedString::size() const {
  switch (kind) {
    case Kind::Hex:
      return 2 * bytes.size();
    case Kind::Uuid:
      return kUuidDigits;
    default:
      return bytes.size();
  }
}

void PackedString::append_to(std::string& out) const {
  if (kind == Kind::Plain) {
    out.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
    return;
  }
  const size_t begin = out.size();
  for (const uint8_t byte : bytes) {
    const size_t length = out.size() - begin;
    if (kind == Kind::Uuid && std::find(kHyphens.begin(), kHyphens.end(), length) != kHyphens.end())
      out += '-';
    out += kHexDigits[byte >> 4];
    out += kHexDigits[byte & 15];
  }
}

void append_string_value(std::string& out, std::string_view string) {
  if (const std::optional<std::string> uuid = packed_uuid(string)) {
    append_kind(out, Uuid, 0);
    out += *uuid;
  } else if (string.size() >= kLeastHexDigits && string.size() % 2 == 0 && is_lower_hex(string)) {
    append_kind(out, Hex, string.size() / 2);
    append_packed_hex(out, string);
  } else {
    append_kind(out, String, string.size());
    out += string;
  }
}

void append_value(std::string& out, const Json& value) { append_nested(out, value, kMaxPackedDepth); }

// ---- Reading ------------------------------------------------------------------------------------------

namespace {

/// The first byte of a value, and its length.
struct Head {
  uint8_t kind;
  uint64_t length;
};

Head read_head(ByteReader& reader) {
  const auto byte = reader.fixed<uint8_t>();
  const uint64_t length = byte >> 4;
  return {static_cast<uint8_t>(byte & 15), length == kLongLength ? reader.varint() : length};
}

std::string text_of(ByteView bytes) { return {reinterpret_cast<const char*>(bytes.data()), bytes.size()}; }

Json read_long_number(ByteReader& reader, uint64_t length) {
  const std::string text = text_of(reader.take(length));
  // No exponent, by which a few characters could stand for many digits.
  std::optional<Decimal> number;
  if (text.find_first_not_of("-.0123456789") == std::string::npos) {
    try {
      number = Decimal::parse(text);
    } catch (const Error&) {
      number.reset();
    }
  }
  if (!number) reader.fail("has a number that is none");
  return Json(*std::move(number));
}

PackedString string_of(ByteReader& reader, Head head) {
  switch (head.kind) {
    case Hex:
      return {PackedString::Kind::Hex, reader.take(head.length)};
    case Uuid:
      return {PackedString::Kind::Uuid, reader.take(kUuidBytes)};
    default:
      return {PackedString::Kind::Plain, reader.take(head.length)};
  }
}

Decimal::Digits digits_of(ByteReader& reader, Head head) {
  if (head.length > static_cast<uint64_t>(Decimal::kMaxScale)) reader.fail("has too many digits");
  return {from_zigzag(reader.varint()), head.kind == Whole ? 0 : static_cast<int32_t>(head.length)};
}

class ValueReader {
 public:
  ValueReader(ByteReader& reader, Allowance& allowance) : reader_(reader), allowance_(allowance) {}

  Json read(int levels) {
    ticker_.tick();
    allowance_.take(kValueWeight);
    const Head head = read_head(reader_);
    switch (head.kind) {
      case Null:
        return {};
      case False:
      case True:
        return Json(head.kind == True);
      case Whole:
      case Digits:
        return Json(Decimal::of(digits_of(reader_, head)));
      case LongNumber:
        allowance_.take(head.length);
        return read_long_number(reader_, head.length);
      case String:
      case Hex:
      case Uuid: {
        const PackedString string = string_of(reader_, head);
        allowance_.take(string.size());
        std::string text;
        string.append_to(text);
        return Json(std::move(text));
      }
      case Array:
        return array(head.length, enter(levels));
      case Object:
        return object(head.length, enter(levels));
      default:
        reader_.fail("has a value of an unknown kind");
    }
  }

 private:
  int enter(int levels) {
    if (levels == 0) reader_.fail("has values that nest too deeply");
    return levels - 1;
  }

  Json array(uint64_t size, int levels) {
    Json::Array items;  // without room for `size`, which may be a lie
    for (uint64_t i = 0; i < size; ++i) items.push_back(read(levels));
    return Json(std::move(items));
  }

  Json object(uint64_t size, int levels) {
    Json::Object members;
    for (uint64_t i = 0; i < size; ++i) {
      const ByteView name = reader_.take(reader_.varint());
      allowance_.take(name.size());
      members.push_back({text_of(name), Json()});
      members.back().value = read(levels);
    }
    return Json(std::move(members));
  }

  ByteReader& reader_;
  Allowance& allowance_;
  InterruptTicker ticker_;
};

}  // namespace

Json read_value(ByteReader& reader, Allowance& allowance) {
  return ValueReader(reader, allowance).read(kMaxPackedDepth);
}

std::optional<PackedString> read_string_value(ByteReader& reader) {
  ByteReader ahead = reader;
  const Head head = read_head(ahead);
  if (head.kind != String && head.kind != Hex && head.kind != Uuid) return std::nullopt;
  const PackedString string = string_of(ahead, head);
  reader = ahead;
  return string;
}

std::optional<Decimal::Digits> read_number_value(ByteReader& reader) {
  ByteReader ahead = reader;
  const Head head = read_head(ahead);
  if (head.kind != Whole && head.kind != Digits) return std::nullopt;
  const Decimal::Digits digits = digits_of(ahead, head);
  reader = ahead;
  return digits;
}

}  // namespace cdp::timeline
