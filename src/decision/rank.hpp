#pragma once

#include "decision/best_probability.hpp"
#include "decision/eligibility.hpp"
#include "decision/random.hpp"

#include <map>
#include <memory>
#include <span>
#include <vector>

namespace cdp::decision {

/// One position of an answer.
struct Pick {
  size_t candidate = 0;   ///< index into the placement's candidates
  double score = 0;       ///< what the strategy ranked it by
  double propensity = 0;  ///< P(this one stands here | those above it and who was eligible)
};

/// The statistics of one placement's candidates and what was computed from them.
class Model {
 public:
  Model() = default;
  /// `counts`: one a candidate, in the candidates' order.
  explicit Model(std::vector<Counts> counts) : counts_(std::move(counts)) {}

  const std::vector<Counts>& counts() const { return counts_; }

  /// The tables of these candidates for so many picks; made at first need and kept, within 16 MB.
  std::shared_ptr<const BestProbability> tables(const std::vector<size_t>& candidates, size_t depth);

 private:
  std::vector<Counts> counts_;
  std::map<std::vector<size_t>, std::shared_ptr<const BestProbability>> tables_;
  size_t table_bytes_ = 0;
};

/// Chooses and orders at most `max_results` of the `eligible` candidates (ascending indexes into the
/// placement's candidates; the model has counts for each).
///
/// Random: uniformly without repetition; the score is the number drawn, the propensity 1 over how many are
/// left. Latest: newest creative first (by name where equal); the score is the time of creation in Unix
/// seconds, the propensity 1. Bandit: Thompson sampling; each position takes the candidate with the largest
/// of fresh draws from Beta(1 + clicks, 1 + impressions - clicks); the score is that draw, the propensity
/// the probability that it is the largest, exact by quadrature.
std::vector<Pick> rank(Strategy strategy, const Configuration& configuration, const Placement& placement,
                       const std::vector<size_t>& eligible, Model& model, size_t max_results, Random& random);

/// What `rank` would rank and show first, without drawing: per eligible candidate the expected score (the
/// posterior's mean for a bandit, 1/2 for random, the time for latest) and P(shown first).
std::vector<Pick> outlook(Strategy strategy, const Configuration& configuration, const Placement& placement,
                          const std::vector<size_t>& eligible, Model& model);

}  // namespace cdp::decision
