#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <unordered_map>
#include <vector>

namespace cdp::bitmap {

/// Finds the elements that most of many sets have, in one pass and bounded memory: lossy counting (Manku and
/// Motwani, "Approximate Frequency Counts over Data Streams", VLDB 2002), with the parameters that the server
/// uses for arrays: about `most` elements are wanted of a Zipf-like distribution.
template <class Element>
class CommonElements {
 public:
  struct Common {
    Element element;
    double frequency;  ///< share of the sets that have it
  };

  explicit CommonElements(size_t most) : most_(most), width_((most + 10) * 1000 / 7) {}

  /// Counts one element of a set.
  void add(Element element) {
    auto [at, is_new] = counts_.try_emplace(element, Count{0, bucket_});
    ++at->second.count;
    if (++seen_ % width_ == 0) {
      ++bucket_;
      std::erase_if(counts_,
                    [&](const auto& entry) { return entry.second.count + entry.second.missed <= bucket_; });
    }
  }
  void end_set() { ++sets_; }

  /// At most as many elements as are wanted, those of which more than one set is known, in ascending order.
  std::vector<Common> finish() const {
    std::vector<Common> found;
    if (sets_ == 0) return found;
    // What is rarer than this may have been missed.
    const size_t cutoff = std::max<size_t>(2, 9 * seen_ / width_);
    for (const auto& [element, count] : counts_)
      if (count.count >= cutoff)
        found.push_back({element, static_cast<double>(count.count) / static_cast<double>(sets_)});
    std::sort(found.begin(), found.end(), [](const Common& a, const Common& b) {
      return a.frequency != b.frequency ? a.frequency > b.frequency : a.element < b.element;
    });
    if (found.size() > most_) found.resize(most_);
    std::sort(found.begin(), found.end(),
              [](const Common& a, const Common& b) { return a.element < b.element; });
    return found;
  }

 private:
  struct Count {
    size_t count;
    size_t missed;  // at most as many times it came before
  };

  size_t most_;
  size_t width_;  // after so many elements the rarest ones are forgotten
  std::unordered_map<Element, Count> counts_;
  size_t seen_ = 0;
  size_t bucket_ = 0;
  size_t sets_ = 0;
};

}  // namespace cdp::bitmap
