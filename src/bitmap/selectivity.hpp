#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <optional>
#include <span>
#include <vector>

namespace cdp::bitmap {

/// What is known of the sets in a column, to estimate which share of them satisfies a condition. Elements are
/// taken to be independent of each other.
template <class Element>
class SetStatistics {
 public:
  /// Common elements ascend; `rare` is how frequent others are taken to be, `average` how many elements a set
  /// has.
  SetStatistics(std::span<const Element> common, std::span<const float> frequencies, double rare,
                double average)
      : common_(common), frequencies_(frequencies), rare_(rare), average_(average) {}

  /// Sets with the element.
  double has(Element element) const {
    const auto at = std::lower_bound(common_.begin(), common_.end(), element);
    if (at == common_.end() || *at != element) return rare_;
    return frequencies_[static_cast<size_t>(at - common_.begin())];
  }

  /// Sets with all of the elements, with any of them, or with no others; the elements ascend.
  double has_all(std::span<const Element> elements) const {
    double share = 1;
    for (const Element element : elements) share *= has(element);
    return share;
  }
  double has_any(std::span<const Element> elements) const {
    double none = 1;
    for (const Element element : elements) none *= 1 - has(element);
    return 1 - none;
  }
  double has_only(std::span<const Element> elements) const {
    double share = 1;
    double others = average_;  // elements of a set that are not common
    size_t common_of_elements = 0;
    for (size_t i = 0; i < common_.size(); ++i) {
      others -= frequencies_[i];
      if (std::binary_search(elements.begin(), elements.end(), common_[i])) {
        ++common_of_elements;
      } else {
        share *= 1 - frequencies_[i];
      }
    }
    // Of the rare elements a set has as many as chance gives it.
    const double allowed = rare_ * static_cast<double>(elements.size() - common_of_elements);
    return share * std::exp(-std::max(0.0, others - allowed));
  }

 private:
  std::span<const Element> common_;
  std::span<const float> frequencies_;
  double rare_;
  double average_;
};

}  // namespace cdp::bitmap
