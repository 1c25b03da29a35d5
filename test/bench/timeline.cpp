// Packed timelines: bytes an event of bursty traffic, and nanoseconds to open, decode and pack, beside two
// scans that do less: varints decoded one by one, and bytes summed up. The best of 25 rounds.

#include "timeline/packed.hpp"
#include "timeline/packed_builder.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <functional>
#include <random>
#include <string>
#include <vector>

using namespace cdp;
using namespace cdp::timeline;

namespace {

volatile uint64_t sink;  // what is measured must not be left out

ByteView view_of(const std::string& bytes) {
  return {reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size()};
}

/// Sessions of some eight events, 5 to 300 s between two events, 1 to 10 days between sessions, to the
/// millisecond; eight events, the first ones more frequent (`skewed`) or all alike.
std::vector<NumberedEvent> bursty_events(std::mt19937_64& random, size_t size, bool skewed) {
  const auto between = [&](int64_t from, int64_t to) {
    return std::uniform_int_distribution<int64_t>(from, to)(random);
  };
  std::discrete_distribution<int32_t> frequent{40, 20, 12, 9, 7, 5, 4, 3};
  std::vector<NumberedEvent> events;
  Instant time{between(757382400000, 788918400000) * kMillisecond};  // 2024
  while (events.size() < size) {
    const bool begins = events.empty() || between(1, 8) == 1;
    time = time + (begins ? between(kDay / kMillisecond, 10 * kDay / kMillisecond) : between(5000, 300000)) *
                      kMillisecond;
    const int32_t number = skewed ? frequent(random) : static_cast<int32_t>(between(0, 7));
    events.push_back({time, number + 1, begins});
  }
  return events;
}

/// The least nanoseconds that `work` takes, divided by `units`.
double nanoseconds(uint64_t units, const std::function<void()>& work) {
  std::array<double, 25> rounds{};
  work();
  for (double& round : rounds) {
    const auto start = std::chrono::steady_clock::now();
    work();
    const std::chrono::duration<double, std::nano> taken = std::chrono::steady_clock::now() - start;
    round = taken.count() / static_cast<double>(units);
  }
  return *std::min_element(rounds.begin(), rounds.end());
}

void print_size(std::mt19937_64& random, size_t size, bool skewed) {
  uint64_t bytes = 0;
  constexpr int kUsers = 400;
  for (int user = 0; user < kUsers; ++user)
    bytes += pack_timeline(std::span<const NumberedEvent>(bursty_events(random, size, skewed))).size();
  std::printf("%-44s %8.2f B\n",
              (std::to_string(size) + " events a user, events " + (skewed ? "skewed" : "alike")).c_str(),
              static_cast<double>(bytes) / kUsers / static_cast<double>(size));
}

void print_speed(std::mt19937_64& random, size_t size) {
  const size_t users = std::max<size_t>(1, 200000 / size);
  const uint64_t events = users * size;
  std::vector<std::vector<NumberedEvent>> given;
  std::vector<std::string> packed;
  std::vector<std::string> varints;
  for (size_t user = 0; user < users; ++user) {
    given.push_back(bursty_events(random, size, true));
    packed.push_back(pack_timeline(std::span<const NumberedEvent>(given.back())));
    ByteWriter out;
    Instant before = given.back().front().time;
    for (const NumberedEvent& event : given.back()) {
      out.varint(static_cast<uint64_t>((event.time.us - before.us) / kMillisecond));
      before = event.time;
    }
    varints.push_back(out.release());
  }
  std::vector<uint8_t> codes(size);
  std::vector<Instant> times(size);
  const auto each = [&](const auto& act) {
    for (const std::string& bytes : packed) act(TimelineView::open(view_of(bytes)), bytes);
  };
  const double scan = nanoseconds(events, [&] {
    uint64_t sum = 0;
    for (const std::string& bytes : packed)
      for (const char byte : bytes) sum += static_cast<uint8_t>(byte);
    sink = sum;
  });
  const double varint = nanoseconds(events, [&] {
    for (const std::string& bytes : varints) {
      const auto* at = reinterpret_cast<const uint8_t*>(bytes.data());
      uint64_t sum = 0;
      for (size_t i = 0; i < size; ++i) {
        uint64_t value = 0;
        for (int shift = 0;; shift += 7) {
          value |= static_cast<uint64_t>(*at & 0x7f) << shift;
          if (*at++ < 0x80) break;
        }
        times[i] = {static_cast<int64_t>(sum += value * 1000)};
      }
      sink = static_cast<uint64_t>(times.back().us);
    }
  });
  const double open =
      nanoseconds(users, [&] { each([](const TimelineView& view, auto&) { sink = view.size(); }); });
  const double find = nanoseconds(
      users, [&] { each([](const TimelineView& view, auto&) { sink = view.find(5).has_value() ? 1 : 0; }); });
  const double decode_codes = nanoseconds(events, [&] {
    each([&](const TimelineView& view, auto&) {
      view.decode_events(std::span(codes));
      sink = codes.back();
    });
  });
  const double decode_all = nanoseconds(events, [&] {
    each([&](const TimelineView& view, auto&) {
      view.decode_events(std::span(codes));
      view.decode_times(times);
      sink = codes.back() + static_cast<uint64_t>(times.back().us);
    });
  });
  TimelineBuilder builder;
  const double pack = nanoseconds(events, [&] {
    for (const std::vector<NumberedEvent>& user : given) {
      for (const NumberedEvent& event : user) builder.add(event.time, event.number, event.begins_session);
      sink = builder.finish().size();
    }
  });
  std::printf("%-44s open %6.1f ns  and find %6.1f ns a timeline\n",
              (std::to_string(size) + " events a user").c_str(), open, find);
  std::printf("%-44s %8.2f ns an event\n", "  opened, codes", decode_codes);
  std::printf("%-44s %8.2f ns an event, %.2f x varints, %.2f x scan\n", "  opened, codes and times",
              decode_all, decode_all / varint, decode_all / scan);
  std::printf("%-44s %8.2f ns an event\n", "  varints one by one (times alone)", varint);
  std::printf("%-44s %8.2f ns an event\n", "  the bytes summed up", scan);
  std::printf("%-44s %8.2f ns an event\n", "  packed", pack);
}

}  // namespace

int main() {
  std::mt19937_64 random(1);
  for (const size_t size : {1, 10, 25, 100, 500, 5000})
    for (const bool skewed : {true, false}) print_size(random, size, skewed);
  for (const size_t size : {10, 25, 500, 50000}) print_speed(random, size);
}
