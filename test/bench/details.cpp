/// Packed details: bytes an event, and the speed of packing, of unpacking and of reading one column, beside
/// writing and reading the same as JSON text. Each speed is the best of five runs.
///
/// Data "shop": properties price (two decimals, 1 to 500, random) and country (one of 30, constant for a
/// user), a constant source, no insert id. "ms": times and receipt in milliseconds, 50 to 2,000 after;
/// arrival numbers with gaps of 1 to 32. "us": receipt in microseconds up to 3 s after, gaps of 1 to 1,000.
/// Data "web": what a site sends, a page and a device in the context, six kinds of events, half of them with
/// properties of their own, an insert id each.

#include "timeline/details.hpp"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <map>
#include <random>
#include <stdexcept>

namespace {

using namespace cdp;
using namespace cdp::timeline;

class Names : public PropertyNames {
 public:
  uint32_t number(PropertyRoot /*root*/, std::string_view name) override {
    const auto found = numbers_.find(name);
    if (found != numbers_.end()) return found->second;
    names_.emplace_back(name);
    return numbers_[std::string(name)] = static_cast<uint32_t>(names_.size()) - 1;
  }
  std::string_view name(uint32_t number) const override { return names_.at(number); }

 private:
  std::map<std::string, uint32_t, std::less<>> numbers_;
  std::vector<std::string> names_;
};

/// One user's chunk.
struct Chunk {
  std::vector<EventDetails> events;
  std::vector<Instant> times;
  std::string packed;
  std::vector<std::string> texts;
};

std::mt19937_64 generator(20240313);
int64_t between(int64_t low, int64_t high) {
  return low + static_cast<int64_t>(generator() % static_cast<uint64_t>(high - low + 1));
}

std::string hex(size_t digits) {
  std::string text;
  while (text.size() < digits) text += "0123456789abcdef"[generator() % 16];
  return text;
}
std::string uuid() { return hex(8) + "-" + hex(4) + "-" + hex(4) + "-" + hex(4) + "-" + hex(12); }

Json price() { return Json(Decimal::of({between(100, 50000), 2})); }

void shop_event(EventDetails& event, const std::string& country) {
  event.properties = Json(Json::Object{{"price", price()}, {"country", Json(country)}});
}

Chunk shop(size_t size, bool in_microseconds) {
  Chunk chunk;
  const std::string country{static_cast<char>('A' + between(0, 5)), static_cast<char>('A' + between(0, 4))};
  int64_t time = between(700000000, 800000000) * kSecond;
  int64_t arrival = between(1000000, 100000000);
  for (size_t i = 0; i < size; ++i) {
    time += between(5000, 300000) * kMillisecond;
    EventDetails& event = chunk.events.emplace_back();
    chunk.times.push_back({time});
    event.arrival_no = arrival += between(1, in_microseconds ? 1000 : 32);
    event.source = "web";
    event.received_at = {time +
                         (in_microseconds ? between(50000, 3000000) : between(50, 2000) * kMillisecond)};
    shop_event(event, country);
  }
  return chunk;
}

Chunk web(size_t size) {
  Chunk chunk;
  const std::string device = uuid();
  const std::string address = "203.0.113." + std::to_string(between(1, 254));
  std::string session = uuid();
  int64_t time = between(700000000, 800000000) * kSecond;
  int64_t arrival = between(1000000, 100000000);
  std::string referrer;
  for (size_t i = 0; i < size; ++i) {
    if (between(0, 9) == 0) session = uuid();
    time += between(5000, 300000) * kMillisecond;
    EventDetails& event = chunk.events.emplace_back();
    chunk.times.push_back({time});
    event.arrival_no = arrival += between(1, 1000);
    event.source = "segment";
    event.insert_id = "ajs-next-" + hex(32);
    event.received_at = {time + between(50000, 3000000)};
    const int64_t product = between(1, 2000);
    const std::string path = "/products/" + std::to_string(product);
    const std::string url = "https://shop.example.com" + path;
    event.context = Json(Json::Object{
        {"page", Json(Json::Object{{"path", Json(path)},
                                   {"url", Json(url)},
                                   {"title", Json("Product " + std::to_string(product))},
                                   {"referrer", Json(referrer)}})},
        {"ip", Json(address)},
        {"session_id", Json(session)},
        {"device", Json(Json::Object{{"id", Json(device)}, {"type", Json("mobile")}})},
        {"library", Json(Json::Object{{"name", Json("analytics.js")}, {"version", Json("2.1.0")}})}});
    referrer = url;
    Json::Object properties;
    if (between(0, 1) == 0) {
      properties.push_back({"product_id", Json(std::to_string(product))});
      properties.push_back({"price", price()});
      properties.push_back({"currency", Json("EUR")});
      properties.push_back({"quantity", Json(between(1, 3))});
      properties.push_back({"gift", Json(between(0, 1) == 0)});
    }
    event.properties = Json(std::move(properties));
  }
  return chunk;
}

/// An event's details as one JSON text.
std::string text_of(const EventDetails& event) {
  std::string text = "{\"arrival_no\":" + std::to_string(event.arrival_no);
  if (event.insert_id) append_json_string(text += ",\"insert_id\":", *event.insert_id);
  append_json_string(text += ",\"source\":", event.source);
  text += ",\"received_at\":" + std::to_string(event.received_at.us);
  text += ",\"properties\":" + event.properties.dump() + ",\"context\":" + event.context.dump() + "}";
  return text;
}

/// Events a second, the best of five.
template <class Work>
double speed(size_t events, Work&& work) {
  double best = 0;
  for (int round = 0; round < 5; ++round) {
    const auto start = std::chrono::steady_clock::now();
    work();
    const std::chrono::duration<double> taken = std::chrono::steady_clock::now() - start;
    best = std::max(best, static_cast<double>(events) / taken.count());
  }
  return best;
}

void measure(const char* data, size_t size, std::vector<Chunk> chunks) {
  Names names;
  size_t packed_bytes = 0;
  size_t text_bytes = 0;
  const size_t events = chunks.size() * size;
  const double packing = speed(events, [&] {
    for (Chunk& chunk : chunks) chunk.packed = pack_details(chunk.events, chunk.times, names);
  });
  const double writing = speed(events, [&] {
    for (Chunk& chunk : chunks) {
      chunk.texts.clear();
      for (const EventDetails& event : chunk.events) chunk.texts.push_back(text_of(event));
    }
  });
  const auto open = [](const Chunk& chunk) {
    return DetailsView::open({reinterpret_cast<const uint8_t*>(chunk.packed.data()), chunk.packed.size()});
  };
  size_t found = 0;
  const double unpacking = speed(events, [&] {
    for (const Chunk& chunk : chunks) found += open(chunk).unpack(chunk.times, names).size();
  });
  const double reading = speed(events, [&] {
    for (const Chunk& chunk : chunks)
      for (const std::string& text : chunk.texts) found += parse_json(text).object()->size();
  });
  const uint32_t price_no = names.number(PropertyRoot::Properties, "price");
  NumberColumn prices;
  const double numbers = speed(events, [&] {
    for (const Chunk& chunk : chunks) {
      if (!open(chunk).numbers(PropertyRoot::Properties, price_no, prices)) continue;
      for (const int64_t digits : prices.digits) found += digits > 1000 ? 1 : 0;
    }
  });
  const bool is_web = std::string_view(data) == "web";
  const PropertyRoot root = is_web ? PropertyRoot::Context : PropertyRoot::Properties;
  const uint32_t string_no = names.number(root, is_web ? "ip" : "country");
  StringColumn texts;
  const double strings = speed(events, [&] {
    for (const Chunk& chunk : chunks) {
      if (!open(chunk).strings(root, string_no, texts)) continue;
      for (size_t i = 0; i < size; ++i) found += texts.at(i).size();
    }
  });
  for (const Chunk& chunk : chunks) {
    packed_bytes += chunk.packed.size();
    for (const std::string& text : chunk.texts) text_bytes += text.size();
  }
  if (found == 0) throw std::logic_error("nothing was read");
  const auto each = [&](size_t bytes) { return static_cast<double>(bytes) / static_cast<double>(events); };
  std::printf("%-8s %5zu  %6.2f  %6.1f  %9.2f %5.1f  %9.2f %5.1f  %9.1f %9.1f\n", data, size,
              each(packed_bytes), each(text_bytes), packing / 1e6, packing / writing, unpacking / 1e6,
              unpacking / reading, numbers / 1e6, strings / 1e6);
}

}  // namespace

int main() {
  constexpr size_t kEvents = 100000;
  std::printf("                bytes an event   packing        unpacking        reading alone\n");
  std::printf(
      "data     chunk  packed    JSON  M events/s / JSON M events/s / JSON a number  a string, M events/s\n");
  for (const size_t size : {1, 10, 25, 100, 500, 1000}) {
    for (const std::string_view data : {"shop ms", "shop us", "web"}) {
      std::vector<Chunk> chunks;
      while (chunks.size() * size < kEvents)
        chunks.push_back(data == "web" ? web(size) : shop(size, data == "shop us"));
      measure(data.data(), size, std::move(chunks));
    }
  }
}
