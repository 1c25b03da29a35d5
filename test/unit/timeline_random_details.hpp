#pragma once

#include "timeline/details.hpp"

#include <algorithm>
#include <map>
#include <random>
#include <stdexcept>

/// Random details of events for tests: every kind of JSON, and columns of every kind that packing knows.
namespace cdp::timeline::testing {

inline ByteView view_of(const std::string& bytes) {
  return {reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size()};
}

/// Numbers of names, in memory.
class Names : public PropertyNames {
 public:
  /// Numbers go up by `step`.
  explicit Names(uint32_t step = 1) : step_(step) {}

  uint32_t number(PropertyRoot root, std::string_view name) override {
    const auto [found, is_new] = numbers_.try_emplace({root, std::string(name)}, next_);
    if (is_new) {
      names_[next_] = name;
      next_ += step_;
    }
    return found->second;
  }
  std::string_view name(uint32_t number) const override { return names_.at(number); }

 private:
  uint32_t step_;
  uint32_t next_ = 7;
  std::map<std::pair<PropertyRoot, std::string>, uint32_t> numbers_;
  std::map<uint32_t, std::string> names_;
};

/// The value as text that two values share only if they are the same down to the digits of every number; no
/// order of members, of one name the last.
inline std::string exact_text(const Json& value) {
  if (const Json::Array* array = value.array()) {
    std::string text = "[";
    for (const Json& item : *array) text += exact_text(item) + ",";
    return text + "]";
  }
  if (const Json::Object* object = value.object()) {
    std::map<std::string, std::string> members;
    for (const Json::Member& member : *object) members[member.name] = exact_text(member.value);
    std::string text = "{";
    for (const auto& [name, member] : members) {
      append_json_string(text, name);
      text += ":" + member + ",";
    }
    return text + "}";
  }
  return value.dump();
}

struct RandomChunk {
  std::vector<EventDetails> events;
  std::vector<Instant> times;
};

class RandomDetails {
 public:
  explicit RandomDetails(uint64_t seed) : random_(seed) {}

  uint64_t below(uint64_t bound) { return random_() % bound; }
  bool chance(int percent) { return below(100) < static_cast<uint64_t>(percent); }
  template <class T, size_t N>
  const T& one_of(const T (&items)[N]) {
    return items[below(N)];
  }

  /// Any number of bits, any sign.
  int64_t integer() { return static_cast<int64_t>(random_()) >> below(64); }

  std::string hex(size_t digits) {
    std::string text;
    while (text.size() < digits) text += "0123456789abcdef"[below(16)];
    return text;
  }
  std::string uuid() { return hex(8) + "-" + hex(4) + "-" + hex(4) + "-" + hex(4) + "-" + hex(12); }

  std::string string() {
    static const std::string pieces[] = {"",
                                         "a",
                                         "ü",
                                         "日本",
                                         "\U0001F600",
                                         "\x01",
                                         "\n",
                                         "\"",
                                         "\\",
                                         "\u00a0",
                                         "e\u0301",
                                         "\u202e",
                                         "\ufeff",
                                         "0",
                                         "ABCD",
                                         "/",
                                         "cd",
                                         "value",
                                         "longer text with spaces in it",
                                         "\x7f",
                                         "\xf4\x8f\xbf\xbf"};
    switch (below(12)) {
      case 0:
        return uuid();
      case 1:
        return hex(2 * below(20));
      case 2: {
        std::string upper = chance(50) ? uuid() : hex(12);
        const size_t place = below(upper.size());
        upper[place] = static_cast<char>(std::toupper(upper[place]));
        return upper;
      }
      case 3:
        return std::to_string(integer());
      default: {
        std::string text;
        for (uint64_t i = below(5); i > 0; --i) text += one_of(pieces);
        return text;
      }
    }
  }

  Decimal number() {
    static const char* const edges[] = {"0",
                                        "0.00",
                                        "-0.0",
                                        "1.10",
                                        "1.1",
                                        "9223372036854775807",
                                        "-9223372036854775807",
                                        "-9223372036854775808",
                                        "9223372036854775808",
                                        "1e40",
                                        "1e-40",
                                        "1e300",
                                        "1e-16383",
                                        "1234567890123456789012345678901234567890",
                                        "-0.0000000000000000000000000000000000000001",
                                        "1234567890123456789.0123456789012345678900"};
    if (chance(25)) return *Decimal::parse(one_of(edges));
    return Decimal::of({integer(), chance(50) ? 0 : static_cast<int32_t>(below(20))});
  }

  Json value(int levels) {
    switch (below(levels > 0 ? 9 : 7)) {
      case 0:
        return {};
      case 1:
        return Json(chance(50));
      case 2:
      case 3:
        return Json(number());
      case 7: {
        Json::Array items;
        for (uint64_t i = below(4); i > 0; --i) items.push_back(value(levels - 1));
        return Json(std::move(items));
      }
      case 8: {
        Json object{Json::Object()};
        for (uint64_t i = below(4); i > 0; --i) object.set(string(), value(levels - 1));
        return object;
      }
      default:
        return Json(string());
    }
  }

  /// Up to `most` events, whose columns are of random kinds.
  RandomChunk chunk(size_t most) {
    RandomChunk chunk;
    const size_t size = 1 + below(most);
    chunk.events.resize(size);
    std::vector<int64_t> arrivals = integers(size);
    std::vector<int64_t> delays = integers(size);
    int64_t time = integer() / 4;
    const int insert_ids = static_cast<int>(below(3));
    const bool has_one_source = chance(70);
    for (size_t i = 0; i < size; ++i) {
      EventDetails& event = chunk.events[i];
      chunk.times.push_back(
          {time = static_cast<int64_t>(static_cast<uint64_t>(time) + below(uint64_t{1} << below(50)))});
      event.arrival_no = arrivals[i];
      event.received_at =
          Instant{static_cast<int64_t>(static_cast<uint64_t>(time) + static_cast<uint64_t>(delays[i]))};
      event.source = has_one_source ? "segment" : string();
      if (insert_ids == 2 || (insert_ids == 1 && chance(50))) event.insert_id = string();
    }
    for (Json EventDetails::*root : {&EventDetails::properties, &EventDetails::context}) {
      if (chance(20)) continue;
      std::vector<bool> present(size, true);
      for (uint64_t columns = below(12); columns > 0; --columns) {
        if (chance(60)) present = presence(size);
        add_column(chunk.events, root, chance(10) ? string() : "name" + std::to_string(below(30)), present);
      }
    }
    return chunk;
  }

  /// Numbers with something in common, or none.
  std::vector<int64_t> integers(size_t size) {
    std::vector<int64_t> numbers;
    const uint64_t kind = below(8);
    const int64_t base = integer();
    const uint64_t range = uint64_t{1} << below(40);
    const int64_t step = 1 + static_cast<int64_t>(below(1000));
    auto number = static_cast<uint64_t>(base);
    for (size_t i = 0; i < size; ++i) {
      switch (kind) {
        case 0:
          break;
        case 1:
          number = static_cast<uint64_t>(base) + below(range);
          break;
        case 2:
          number += 1 + below(range);
          break;
        case 3:
          number = static_cast<uint64_t>(base) + below(range) * static_cast<uint64_t>(step);
          break;
        case 4:
          number = static_cast<uint64_t>(chance(95) ? below(16) : random_());
          break;
        case 5:
          if (chance(10)) number = random_();
          break;
        case 6:
          number = static_cast<uint64_t>(base) * (1 + below(3));
          break;
        default:
          number = static_cast<uint64_t>(integer());
      }
      numbers.push_back(static_cast<int64_t>(number));
    }
    return numbers;
  }

 private:
  std::vector<bool> presence(size_t size) {
    std::vector<bool> present(size);
    const int percent = static_cast<int>(below(101));
    const bool in_runs = chance(50);
    for (size_t i = 0; i < size; ++i)
      present[i] = in_runs && i > 0 && chance(90) ? present[i - 1] : chance(percent);
    return present;
  }

  void add_column(std::vector<EventDetails>& events, Json EventDetails::*root, const std::string& name,
                  const std::vector<bool>& present) {
    const uint64_t kind = below(14);
    const std::vector<int64_t> numbers = integers(events.size());
    const Json constant = value(3);
    const Json few[] = {value(2), value(1), value(0)};
    const auto scale = static_cast<int32_t>(below(6));
    for (size_t i = 0; i < events.size(); ++i) {
      if (!present[i]) continue;
      const int64_t number = numbers[i];
      const auto choose = [&]() -> Json {
        switch (kind) {
          case 0:
            return constant;
          case 1:
            return Json(number);
          case 2:
            return Json(Decimal::of({number, scale}));
          case 3:
            return Json(*Decimal::parse(std::to_string(1 + number / 1000 % 1000) + "." +
                                        std::to_string(1 + below(9))));
          case 4:
            return Json(Decimal::of({number, static_cast<int32_t>(below(4))}));
          case 5:
            return Json(chance(50));
          case 6:
            return one_of(few);
          case 7:
            return Json(uuid());
          case 8:
            return Json(hex(10));
          case 9:
            return Json(std::to_string(number & INT64_MAX));
          case 10:
            return chance(20) ? Json() : Json(Decimal::of({number, 2}));
          case 11:
            return Json("item " + std::to_string(number % 7));
          case 12:
            return chance(30) ? Json() : Json(chance(50));
          default:
            return value(4);
        }
      };
      (events[i].*root).set(name, choose());
    }
  }

  std::mt19937_64 random_;
};

}  // namespace cdp::timeline::testing
