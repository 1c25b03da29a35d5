#include "decision/rank.hpp"

#include "base/interrupt.hpp"

#include <algorithm>

namespace cdp::decision {

namespace {

constexpr size_t kMostTableBytes = size_t{16} << 20;

/// Tables are made for so many picks at most; a longer answer gets new ones for the rest of the candidates,
/// which keeps their size in bounds.
constexpr size_t kMostDepth = 8;

constexpr double kUnixSecondsAt2000 = 946684800;

double seconds_of(Instant t) { return static_cast<double>(t.us) / kSecond + kUnixSecondsAt2000; }

/// Draws for each candidate that is left and gives the place of the largest.
template <class Draw>
Pick largest(const std::vector<size_t>& eligible, const std::vector<bool>& is_taken, Draw&& draw) {
  Pick best;
  best.score = -1;
  for (size_t i = 0; i < eligible.size(); ++i) {
    if (is_taken[i]) continue;
    const double score = draw(eligible[i]);
    if (score > best.score) best = {i, score, 0};
  }
  return best;
}

std::vector<Pick> rank_randomly(const std::vector<size_t>& eligible, size_t positions, Random& random) {
  std::vector<bool> is_taken(eligible.size());
  std::vector<Pick> picks;
  InterruptTicker interrupts;
  while (picks.size() < positions) {
    Pick pick = largest(eligible, is_taken, [&](size_t) { return random.uniform(); });
    is_taken[pick.candidate] = true;
    pick.propensity = 1.0 / static_cast<double>(eligible.size() - picks.size());
    pick.candidate = eligible[pick.candidate];
    picks.push_back(pick);
    interrupts.tick();
  }
  return picks;
}

std::vector<Pick> rank_by_age(const Configuration& configuration, const Placement& placement,
                              const std::vector<size_t>& eligible, size_t positions) {
  const auto creative = [&](size_t candidate) -> const Creative& {
    return configuration.creative(placement.candidates[candidate]);
  };
  std::vector<size_t> ordered = eligible;
  std::partial_sort(ordered.begin(), ordered.begin() + static_cast<std::ptrdiff_t>(positions), ordered.end(),
                    [&](size_t x, size_t y) {
                      const Creative& a = creative(x);
                      const Creative& b = creative(y);
                      return a.created_at != b.created_at ? a.created_at > b.created_at : a.name < b.name;
                    });
  std::vector<Pick> picks;
  for (size_t i = 0; i < positions; ++i)
    picks.push_back({ordered[i], seconds_of(creative(ordered[i]).created_at), 1});
  return picks;
}

/// Thompson sampling for at most kMostDepth positions.
void sample(const std::vector<size_t>& eligible, Model& model, size_t positions, Random& random,
            std::vector<Pick>& picks) {
  const auto tables = model.tables(eligible, positions);
  std::vector<bool> is_taken(eligible.size());
  for (size_t position = 0; position < positions; ++position) {
    Pick pick = largest(eligible, is_taken, [&](size_t candidate) {
      const Posterior posterior(model.counts()[candidate]);
      return random.beta(posterior.a, posterior.b);
    });
    pick.propensity = tables->of(pick.candidate, is_taken);
    is_taken[pick.candidate] = true;
    pick.candidate = eligible[pick.candidate];
    picks.push_back(pick);
  }
}

std::vector<Pick> rank_by_bandit(const std::vector<size_t>& eligible, Model& model, size_t positions,
                                 Random& random) {
  std::vector<Pick> picks;
  std::vector<size_t> rest = eligible;
  while (picks.size() < positions) {
    const size_t before = picks.size();
    sample(rest, model, std::min(positions - before, kMostDepth), random, picks);
    for (size_t i = before; i < picks.size(); ++i) std::erase(rest, picks[i].candidate);
    check_interrupts();
  }
  return picks;
}

}  // namespace

std::shared_ptr<const BestProbability> Model::tables(const std::vector<size_t>& candidates, size_t depth) {
  std::vector<size_t> key = candidates;
  key.push_back(depth);
  if (const auto found = tables_.find(key); found != tables_.end()) return found->second;
  std::vector<Counts> counts;
  counts.reserve(candidates.size());
  for (const size_t candidate : candidates) counts.push_back(counts_[candidate]);
  auto made = std::make_shared<const BestProbability>(counts, depth);
  const size_t bytes = made->size_bytes() + key.size() * sizeof(size_t);
  if (table_bytes_ + bytes > kMostTableBytes) {
    tables_.clear();
    table_bytes_ = 0;
  }
  if (bytes <= kMostTableBytes) {
    tables_.emplace(std::move(key), made);
    table_bytes_ += bytes;
  }
  return made;
}

std::vector<Pick> rank(Strategy strategy, const Configuration& configuration, const Placement& placement,
                       const std::vector<size_t>& eligible, Model& model, size_t max_results,
                       Random& random) {
  const size_t positions = std::min(eligible.size(), max_results);
  if (positions == 0) return {};
  switch (strategy) {
    case Strategy::Random:
      return rank_randomly(eligible, positions, random);
    case Strategy::Latest:
      return rank_by_age(configuration, placement, eligible, positions);
    case Strategy::Bandit:
      return rank_by_bandit(eligible, model, positions, random);
  }
  return {};
}

std::vector<Pick> outlook(Strategy strategy, const Configuration& configuration, const Placement& placement,
                          const std::vector<size_t>& eligible, Model& model) {
  std::vector<Pick> picks;
  if (eligible.empty()) return picks;
  if (strategy == Strategy::Latest) {
    picks = rank_by_age(configuration, placement, eligible, eligible.size());
    for (size_t i = 1; i < picks.size(); ++i) picks[i].propensity = 0;
    return picks;
  }
  if (strategy == Strategy::Random) {
    for (const size_t candidate : eligible)
      picks.push_back({candidate, 0.5, 1.0 / static_cast<double>(eligible.size())});
    return picks;
  }
  const auto tables = model.tables(eligible, 1);
  const std::vector<bool> is_taken(eligible.size());
  for (size_t i = 0; i < eligible.size(); ++i)
    picks.push_back({eligible[i], Posterior(model.counts()[eligible[i]]).mean(), tables->of(i, is_taken)});
  return picks;
}

}  // namespace cdp::decision
