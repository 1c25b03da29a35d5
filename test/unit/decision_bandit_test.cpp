#include "decision/best_probability.hpp"
#include "decision/random.hpp"
#include "decision/rank.hpp"

#include <algorithm>
#include <cmath>
#include <gtest/gtest.h>
#include <numeric>

namespace cdp::decision {
namespace {

/// P(Beta(a, b) <= x) for whole a and b: a binomial sum (Abramowitz and Stegun 26.5.24).
double beta_distribution(int a, int b, double x) {
  double sum = 0;
  for (int k = a; k < a + b; ++k)
    sum += std::exp(std::lgamma(a + b) - std::lgamma(k + 1) - std::lgamma(a + b - k) + k * std::log(x) +
                    (a + b - 1 - k) * std::log1p(-x));
  return sum;
}

/// P(Beta(a, b) > Beta(c, d)) for whole c: E. Miller's closed sum ("Formulas for Bayesian A/B testing").
double probability_to_beat(double a, double b, int c, double d) {
  const auto log_beta = [](double x, double y) {
    return std::lgamma(x) + std::lgamma(y) - std::lgamma(x + y);
  };
  double sum = 0;
  for (int i = 0; i < a; ++i)
    sum += std::exp(log_beta(c + i, b + d) - std::log(b + i) - log_beta(1 + i, b) - log_beta(c, d));
  return sum;
}

std::vector<double> all_probabilities(const std::vector<Counts>& counts) {
  const BestProbability best(counts, 1);
  std::vector<double> result;
  for (size_t i = 0; i < counts.size(); ++i) result.push_back(best.of(i, std::vector<bool>(counts.size())));
  return result;
}

/// A placement of so many creatives, for ranking without a server.
Configuration configuration_of(size_t creatives, Strategy strategy) {
  Placement placement;
  placement.name = "home";
  placement.content_type = "banner";
  placement.strategy = strategy;
  std::vector<Creative> made(creatives);
  for (size_t i = 0; i < creatives; ++i) {
    made[i].name = "creative " + std::to_string(i);
    made[i].content_type = "banner";
    made[i].created_at = Instant{static_cast<int64_t>(i % 7) * kSecond};
  }
  return {{placement}, made};
}

std::vector<size_t> first_numbers(size_t count) {
  std::vector<size_t> numbers(count);
  std::iota(numbers.begin(), numbers.end(), 0);
  return numbers;
}

TEST(DecisionRandom, FollowsThePublishedStream) {
  // xoshiro256++ seeded by SplitMix64(0): the first state word is the published first output of SplitMix64.
  Random random(0);
  const uint64_t s0 = 0xe220a8397b1dcdafULL;
  const uint64_t s3 = 0xf88bb8a8724c81ecULL;  // the fourth output of SplitMix64 from 0
  EXPECT_EQ(random.bits(), ((s0 + s3) << 23 | (s0 + s3) >> 41) + s0);
}

TEST(DecisionRandom, DrawsBetasOfTheRightDistribution) {
  Random random(20240601);
  for (const auto& [a, b] : {std::pair{1, 1}, {1, 30}, {30, 1}, {3, 40}, {60, 540}}) {
    constexpr int kDraws = 20000;
    std::vector<double> draws;
    for (int i = 0; i < kDraws; ++i) draws.push_back(random.beta(a, b));
    std::sort(draws.begin(), draws.end());
    double distance = 0;
    for (int i = 0; i < kDraws; i += 10)
      distance = std::max(distance, std::abs(beta_distribution(a, b, draws[i]) - (i + 0.5) / kDraws));
    EXPECT_LT(distance * std::sqrt(kDraws), 1.95) << a << " " << b;  // Kolmogorov-Smirnov at .001
  }
}

TEST(BestProbability, IsExactForTwoSmallArms) {
  // Beta(2, 1) against Beta(1, 2): 1 - integral of (1 - x)^2 * 2x ... = 5/6.
  const std::vector<double> p = all_probabilities({{1, 1}, {1, 0}});
  EXPECT_NEAR(p[0], 5.0 / 6, 1e-9);
  EXPECT_NEAR(p[1], 1.0 / 6, 1e-9);
}

TEST(BestProbability, IsOneOverKForEqualArms) {
  for (const Counts& counts : {Counts{0, 0}, Counts{1000, 0}, Counts{1000, 1000}, Counts{100000, 1234}})
    for (const double p : all_probabilities(std::vector<Counts>(7, counts))) EXPECT_NEAR(p, 1.0 / 7, 1e-8);
}

TEST(BestProbability, FollowsTheClosedFormForTwoArms) {
  Random random(7);
  for (int round = 0; round < 300; ++round) {
    const auto any_counts = [&] {
      const auto impressions = static_cast<int64_t>(std::exp(random.uniform() * 11)) - 1;
      return Counts{impressions, static_cast<int64_t>(static_cast<double>(impressions) * random.uniform() *
                                                      random.uniform() * random.uniform())};
    };
    const Counts x = any_counts();
    const Counts y = any_counts();
    const Posterior a(x);
    const Posterior b(y);
    const double expected = probability_to_beat(a.a, a.b, static_cast<int>(b.a), b.b);
    EXPECT_NEAR(all_probabilities({x, y})[0], expected, 1e-8)
        << x.clicks << "/" << x.impressions << " " << y.clicks << "/" << y.impressions;
  }
}

TEST(BestProbability, SumsToOneWhateverIsTaken) {
  Random random(11);
  for (int round = 0; round < 200; ++round) {
    const size_t arms = 1 + random.bits() % 40;
    const size_t depth = 1 + random.bits() % std::min<size_t>(arms, 5);
    std::vector<Counts> counts;
    for (size_t i = 0; i < arms; ++i) {
      const auto impressions = static_cast<int64_t>(random.bits() % (int64_t{1} << (random.bits() % 21)));
      counts.push_back(
          {impressions, static_cast<int64_t>(static_cast<double>(impressions) * random.uniform())});
    }
    const BestProbability best(counts, depth);
    std::vector<bool> is_taken(arms);
    for (size_t position = 0; position < depth; ++position) {
      double sum = 0;
      size_t likeliest = arms;
      double highest = 0;
      for (size_t i = 0; i < arms; ++i) {
        if (is_taken[i]) continue;
        const double p = best.of(i, is_taken);
        sum += p;
        if (p > highest) likeliest = i;
        highest = std::max(highest, p);
      }
      EXPECT_NEAR(sum, 1, 1e-7) << "round " << round << " position " << position;
      is_taken[likeliest] = true;
    }
  }
}

TEST(BestProbability, MatchesTheFrequencyOfEachOrder) {
  // Three positions of five candidates: the product of the propensities is the probability of the order.
  const Configuration configuration = configuration_of(5, Strategy::Bandit);
  Model model({{20, 2}, {30, 2}, {10, 1}, {5, 1}, {40, 5}});
  Random random(5);
  std::map<std::vector<size_t>, std::pair<int, double>> seen;
  constexpr int kRounds = 100000;
  for (int round = 0; round < kRounds; ++round) {
    const std::vector<Pick> picks = rank(Strategy::Bandit, configuration, configuration.placements()[0],
                                         first_numbers(5), model, 3, random);
    std::vector<size_t> order;
    double probability = 1;
    for (const Pick& pick : picks) {
      order.push_back(pick.candidate);
      probability *= pick.propensity;
    }
    auto& [count, expected] = seen[order];
    ++count;
    expected = probability;
  }
  EXPECT_EQ(seen.size(), 60U);
  double chi_square = 0;
  double total = 0;
  for (const auto& [order, counted] : seen) {
    const double expected = counted.second * kRounds;
    chi_square += (counted.first - expected) * (counted.first - expected) / expected;
    total += counted.second;
  }
  EXPECT_NEAR(total, 1, 1e-6);
  EXPECT_LT(chi_square, 98.3);  // 59 degrees of freedom at .001
}

TEST(Rank, GivesRandomPicksTheirUniformPropensity) {
  const Configuration configuration = configuration_of(4, Strategy::Random);
  Model model(std::vector<Counts>(4));
  Random random(3);
  std::vector<int> first(4);
  for (int round = 0; round < 40000; ++round) {
    const std::vector<Pick> picks = rank(Strategy::Random, configuration, configuration.placements()[0],
                                         first_numbers(4), model, 10, random);
    ASSERT_EQ(picks.size(), 4U);
    for (size_t i = 0; i < 4; ++i) EXPECT_EQ(picks[i].propensity, 1.0 / static_cast<double>(4 - i));
    ++first[picks[0].candidate];
  }
  double chi_square = 0;
  for (const int count : first) chi_square += (count - 1e4) * (count - 1e4) / 1e4;
  EXPECT_LT(chi_square, 16.3);  // 3 degrees of freedom at .001
}

TEST(Rank, PutsTheNewestFirst) {
  const Configuration configuration = configuration_of(10, Strategy::Latest);
  Model model(std::vector<Counts>(10));
  Random random(3);
  const std::vector<Pick> picks =
      rank(Strategy::Latest, configuration, configuration.placements()[0], {0, 2, 5, 8, 9}, model, 4, random);
  std::vector<size_t> order;
  for (const Pick& pick : picks) order.push_back(pick.candidate);
  EXPECT_EQ(order, (std::vector<size_t>{5, 2, 9, 8}));  // created at second 5, 2, 2 ("creative 9"), 1
  EXPECT_EQ(picks[0].score, 946684805);
  EXPECT_EQ(picks[0].propensity, 1);
}

TEST(Rank, PutsTwentyCandidatesInOrderWithoutRepetition) {
  const Configuration configuration = configuration_of(20, Strategy::Bandit);
  std::vector<Counts> counts;
  for (int i = 0; i < 20; ++i) counts.push_back({i * 1000, i * 10});
  Model model(counts);
  Random random(3);
  const std::vector<Pick> picks = rank(Strategy::Bandit, configuration, configuration.placements()[0],
                                       first_numbers(20), model, 100, random);
  std::vector<size_t> order;
  for (const Pick& pick : picks) order.push_back(pick.candidate);
  EXPECT_EQ(picks.back().propensity, 1);
  std::sort(order.begin(), order.end());
  EXPECT_EQ(order, first_numbers(20));
}

/// Plays the bandit on Bernoulli arms, its counts being renewed after each batch; calls `watch(round, arm)`
/// for each answer.
template <class Watch>
void play(const std::vector<double>& rates, int rounds, int batch, uint64_t seed, Watch&& watch) {
  const Configuration configuration = configuration_of(rates.size(), Strategy::Bandit);
  Random random(seed);
  Random world(seed + 1000003);
  std::vector<Counts> counts(rates.size());
  Model model(counts);
  for (int round = 0; round < rounds; ++round) {
    const size_t shown = rank(Strategy::Bandit, configuration, configuration.placements()[0],
                              first_numbers(rates.size()), model, 1, random)
                             .front()
                             .candidate;
    ++counts[shown].impressions;
    if (world.uniform() < rates[shown]) ++counts[shown].clicks;
    watch(round, shown);
    if ((round + 1) % batch == 0) model = Model(counts);
  }
}

TEST(Thompson, ReachesThePublishedRegret) {
  // The levels of the reference runs: T = 20,000, updates in batches of 1, 100 and 1000.
  const std::vector<double> rates{.1, .05, .05, .05, .02, .02, .02, .01, .01, .01};
  for (const auto& [batch, level, seeds] :
       {std::tuple{1, 91.0, 5}, std::tuple{100, 91.0, 24}, std::tuple{1000, 108.0, 24}}) {
    std::vector<double> regrets;
    for (int seed = 0; seed < seeds; ++seed) {
      double regret = 0;
      play(rates, 20000, batch, seed, [&](int, size_t arm) { regret += .1 - rates[arm]; });
      regrets.push_back(regret);
    }
    const double mean = std::accumulate(regrets.begin(), regrets.end(), 0.0) / seeds;
    double variance = 0;
    for (const double regret : regrets) variance += (regret - mean) * (regret - mean) / (seeds - 1);
    const double error = std::sqrt(variance / seeds);
    EXPECT_LT(mean, level + 4 * error) << "batches of " << batch;
    EXPECT_GT(mean, level / 3) << "a regret this low means that the simulation leaks the answer";
    RecordProperty("regret_batch_" + std::to_string(batch), std::to_string(mean));
  }
}

TEST(Thompson, ShowsTheBestMostOfTheTimeInTwentySeedsOfTwenty) {
  for (uint64_t seed = 1; seed <= 20; ++seed) {
    int best = 0;
    play({.02, .05, .10}, 5000, 100, seed,
         [&](int round, size_t arm) { best += round >= 4000 && arm == 2 ? 1 : 0; });
    EXPECT_GT(best, 800) << "seed " << seed;
  }
}

}  // namespace
}  // namespace cdp::decision
