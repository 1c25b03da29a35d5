#include "rule/evidence.hpp"

#include "base/interrupt.hpp"
#include "rule/nearby.hpp"
#include "rule/sequence.hpp"

#include <algorithm>
#include <utility>
#include <vector>

namespace cdp::rule {

namespace {

constexpr size_t kMostEvents = 10;

/// The filters of a condition as the tree has them, in the order in which they are bound.
std::vector<const EventFilter*> filters_of(const Node& node) {
  std::vector<const EventFilter*> filters;
  if (const auto* aggregate = node.as<Aggregate>()) filters = {&aggregate->events};
  if (const auto* moment = node.as<Moment>()) filters = {&moment->events};
  if (const auto* abandoned = node.as<Abandoned>()) filters = {&abandoned->first, &abandoned->then};
  if (const auto* sequence = node.as<Sequence>())
    for (const EventFilter& step : sequence->steps) filters.push_back(&step);
  return filters;
}

/// Gathers events, the latest first.
class Gatherer {
 public:
  Gatherer(const Subject& subject, Instant now) : subject_(subject), now_(now) {}

  void gather(const Bound& node) {
    for (const Bound& operand : node.operands) gather(operand);
    if (const auto* aggregate = node.node->as<Aggregate>()) take_latest(node, aggregate->window, kMostEvents);
    if (const auto* sequence = node.node->as<Sequence>()) take_latest(node, sequence->window, kMostEvents);
    if (const auto* abandoned = node.node->as<Abandoned>()) take_latest(node, abandoned->window, kMostEvents);
    if (const auto* moment = node.node->as<Moment>()) {
      if (moment->is_first)
        take_first(node);
      else
        take_latest(node, Window(), 1);
    }
    if (node.node->as<Nearby>())
      if (const std::optional<size_t> place = last_place(node, subject_, now_))
        found_.push_back({*place, nullptr});
  }

  Json::Array release() {
    std::stable_sort(found_.begin(), found_.end(),
                     [](const Found& a, const Found& b) { return a.at < b.at; });
    // Both sides of a comparison may take the same.
    const auto is_same = [](const Found& x, const Found& y) { return x.at == y.at; };
    found_.erase(std::unique(found_.begin(), found_.end(), is_same), found_.end());
    const size_t surplus = found_.size() - std::min(found_.size(), kMostEvents);
    Json::Array events;
    for (size_t i = surplus; i < found_.size(); ++i)
      events.emplace_back(Json::Object{{"event", found_[i].name != nullptr ? Json(*found_[i].name) : Json()},
                                       {"ts", Json(format_instant(subject_.history.time(found_[i].at)))}});
    return events;
  }

 private:
  struct Found {
    size_t at;
    const std::string* name;  ///< nullptr: any
  };

  /// Adds the event if one of the node's filters takes it.
  bool take(const Bound& node, const std::vector<const EventFilter*>& filters, size_t at) {
    for (size_t i = 0; i < node.filters.size(); ++i) {
      if (!matches(node.filters[i], subject_.history, at)) continue;
      const bool is_named = i < filters.size() && filters[i]->event.has_value();
      found_.push_back({at, is_named ? &*filters[i]->event : nullptr});
      return true;
    }
    return false;
  }

  void take_latest(const Bound& node, const Window& window, size_t most) {
    const std::vector<const EventFilter*> filters = filters_of(*node.node);
    const Range range = MovingWindow(window, subject_.zone).at(subject_.history, now_);
    InterruptTicker ticker;
    for (size_t i = range.end; i > range.begin && most > 0; --i) {
      ticker.tick();
      if (take(node, filters, i - 1)) --most;
    }
  }

  void take_first(const Bound& node) {
    const std::vector<const EventFilter*> filters = filters_of(*node.node);
    InterruptTicker ticker;
    const size_t end = end_of_past(subject_.history, now_);
    for (size_t i = 0; i < end; ++i) {
      ticker.tick();
      if (take(node, filters, i)) return;
    }
  }

  const Subject& subject_;
  Instant now_;
  std::vector<Found> found_;
};

}  // namespace

Json events_of_behaviour(const Bound& node, const Subject& subject, Instant now) {
  Gatherer gatherer(subject, now);
  gatherer.gather(node);
  return Json(gatherer.release());
}

}  // namespace cdp::rule
