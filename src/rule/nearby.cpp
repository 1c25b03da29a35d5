#include "rule/nearby.hpp"

#include "base/interrupt.hpp"
#include "rule/sequence.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <numbers>
#include <string>

namespace cdp::rule {

namespace {

using timeline::History;

constexpr double kEarthRadius = 6371008.8;                           // meters
constexpr std::array<double, 4> kMeters{1, 1000, 0.3048, 1609.344};  // in the order of Nearby::Unit

struct Place {
  double latitude;
  double longitude;
};

/// By the haversine formula (R. W. Sinnott, Sky and Telescope 68, 1984).
double distance_between(const Place& a, const Place& b) {
  const auto radians = [](double degrees) { return degrees * std::numbers::pi / 180; };
  const auto squared_sine_of_half = [&](double degrees) {
    const double sine = std::sin(radians(degrees) / 2);
    return sine * sine;
  };
  const double h = squared_sine_of_half(b.latitude - a.latitude) +
                   std::cos(radians(a.latitude)) * std::cos(radians(b.latitude)) *
                       squared_sine_of_half(b.longitude - a.longitude);
  return 2 * kEarthRadius * std::asin(std::min(1.0, std::sqrt(h)));
}

class Journey {
 public:
  Journey(const Bound& node, const History& history)
      : node_(node), nearby_(*node.node->as<Nearby>()), history_(history) {}

  /// How far away the i-th event was, if it tells where.
  std::optional<double> distance(size_t i) const {
    const Decimal* latitude = history_.property(i, node_.column).number();
    const Decimal* longitude = history_.property(i, node_.second_column).number();
    if (latitude == nullptr || longitude == nullptr) return std::nullopt;
    const Place there{latitude->to_double(), longitude->to_double()};
    if (std::abs(there.latitude) > 90 || std::abs(there.longitude) > 180) return std::nullopt;
    return distance_between({nearby_.latitude.to_double(), nearby_.longitude.to_double()}, there);
  }

  /// The latest event before the one at `end` that tells where.
  std::optional<size_t> place_before(size_t end) const {
    InterruptTicker ticker;
    for (size_t i = end; i > 0; --i) {
      ticker.tick();
      if (distance(i - 1)) return i - 1;
    }
    return std::nullopt;
  }

  std::optional<double> distance_before(size_t end) const {
    const std::optional<size_t> place = place_before(end);
    return place ? distance(*place) : std::nullopt;
  }

  bool is_near(const std::optional<double>& distance) const {
    return distance &&
           *distance <= nearby_.distance.to_double() * kMeters.at(static_cast<size_t>(nearby_.unit));
  }

 private:
  const Bound& node_;
  const Nearby& nearby_;
  const History& history_;
};

}  // namespace

Verdict evaluate_nearby(const Bound& node, const Subject& subject, Instant now) {
  const History& history = subject.history;
  const Journey journey(node, history);
  const size_t end = end_of_past(history, now);
  const bool truth = journey.is_near(journey.distance_before(end));
  InterruptTicker ticker;
  bool coming = truth;
  for (size_t i = end; i < history.size(); ++i) {
    ticker.tick();
    if (const std::optional<double> distance = journey.distance(i)) coming = journey.is_near(distance);
    // Of events of one time the last one counts.
    const bool is_last = i + 1 == history.size() || history.time(i + 1) != history.time(i);
    if (is_last && coming != truth) return {truth, history.time(i)};
  }
  return {truth, Instant::max()};
}

std::optional<size_t> last_place(const Bound& node, const Subject& subject, Instant now) {
  return Journey(node, subject.history).place_before(end_of_past(subject.history, now));
}

Json value_of_nearby(const Bound& node, const Subject& subject, Instant now) {
  const Journey journey(node, subject.history);
  const std::optional<double> distance = journey.distance_before(end_of_past(subject.history, now));
  // In meters, to the millimeter.
  return distance ? Json(*Decimal::parse(std::to_string(std::llround(*distance * 1000)) + "e-3")) : Json();
}

}  // namespace cdp::rule
