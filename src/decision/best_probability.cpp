#include "decision/best_probability.hpp"

#include "base/interrupt.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <functional>

namespace cdp::decision {

namespace {

constexpr size_t kNodes = 5;  // a panel

/// Gauss-Legendre of five points on [-1, 1] (Abramowitz and Stegun, table 25.4).
constexpr std::array<double, kNodes> kAbscissas{-0.906179845938663993, -0.538469310105683091, 0,
                                                0.538469310105683091, 0.906179845938663993};
constexpr std::array<double, kNodes> kWeights{0.236926885056189088, 0.478628670499366468,
                                              0.568888888888888889, 0.478628670499366468,
                                              0.236926885056189088};

/// The l-th Lagrange polynomial through the abscissas, at t.
double lagrange(size_t l, double t) {
  double value = 1;
  for (size_t k = 0; k < kNodes; ++k)
    if (k != l) value *= (t - kAbscissas[k]) / (kAbscissas[l] - kAbscissas[k]);
  return value;
}

/// Weights that integrate from each abscissa to 1 a function given at the abscissas (exact for polynomials of
/// degree 4).
using TailWeights = std::array<std::array<double, kNodes>, kNodes>;

TailWeights tail_weights() {
  TailWeights weights{};
  for (size_t k = 0; k < kNodes; ++k) {
    const double half = (1 - kAbscissas[k]) / 2;
    for (size_t l = 0; l < kNodes; ++l)
      for (size_t n = 0; n < kNodes; ++n)
        weights[k][l] += half * kWeights[n] * lagrange(l, kAbscissas[k] + half * (1 + kAbscissas[n]));
  }
  return weights;
}

/// How far from the mean a distribution reaches, in standard deviations. A Beta that leans against an end of
/// [0, 1] has an exponential tail on the other side; exp(-40) is nothing.
constexpr double kReach = 40;
constexpr double kCore = 8;

/// Where the mass of an arm begins: less than 1e-11 lies below. The left tail is light as soon as there are
/// some failures.
double lower_end(const Posterior& arm) {
  const double deviations = arm.b < 50 ? kReach : 10;
  return std::max(0.0, arm.mean() - deviations * arm.standard_deviation());
}

/// How far a panel that starts at x may go to resolve this arm.
double panel_width(double mean, double deviation, double x) {
  const double z = (x - mean) / deviation;
  if (z < -kReach) return std::max((mean - kReach * deviation) - x, deviation);
  if (z < -kCore) return std::clamp((mean - kCore * deviation) - x, deviation / 2, 2 * deviation);
  if (z < kCore) return deviation / 2;
  return z < kReach ? 2 * deviation : 1.0;
}

constexpr double kNegligible = 1e-17;
constexpr double kLeastProbability = 1e-12;

}  // namespace

double Posterior::standard_deviation() const { return std::sqrt(a * b / (a + b + 1)) / (a + b); }

void BestProbability::place_panels(const std::vector<Posterior>& arms, double from) {
  struct Shape {
    double mean;
    double deviation;
  };
  std::vector<Shape> shapes;
  shapes.reserve(arms.size());
  for (const Posterior& arm : arms) shapes.push_back({arm.mean(), arm.standard_deviation()});
  InterruptTicker interrupts;
  panels_.push_back(from);
  for (double x = from; x < 1;) {
    double width = 1;
    for (const Shape& shape : shapes) width = std::min(width, panel_width(shape.mean, shape.deviation, x));
    x = std::min(1.0, x + width);
    panels_.push_back(x);
    interrupts.tick();
  }
  const size_t nodes = (panels_.size() - 1) * kNodes;
  nodes_log_.reserve(nodes);
  nodes_log_complement_.reserve(nodes);
  for (size_t p = 0; p + 1 < panels_.size(); ++p) {
    const double half = (panels_[p + 1] - panels_[p]) / 2;
    for (const double abscissa : kAbscissas) {
      const double x = panels_[p] + half * (1 + abscissa);
      nodes_log_.push_back(std::log(x));
      nodes_log_complement_.push_back(std::log1p(-x));
    }
  }
}

BestProbability::Table BestProbability::tabulated(const Posterior& arm) const {
  static const TailWeights kTail = tail_weights();
  const size_t nodes = nodes_log_.size();
  Table table;
  table.mass.resize(nodes);
  table.distribution.resize(nodes);
  table.begin = nodes;
  const double log_scale = std::lgamma(arm.a + arm.b) - std::lgamma(arm.a) - std::lgamma(arm.b);
  // From the right, since the mass left of the first panel is not tabulated.
  double beyond = 0;
  for (size_t p = panels_.size() - 1; p-- > 0;) {
    const double half = (panels_[p + 1] - panels_[p]) / 2;
    std::array<double, kNodes> density{};
    for (size_t k = 0; k < kNodes; ++k) {
      const size_t node = p * kNodes + k;
      density[k] =
          std::exp(log_scale + (arm.a - 1) * nodes_log_[node] + (arm.b - 1) * nodes_log_complement_[node]);
      table.mass[node] = half * kWeights[k] * density[k];
    }
    for (size_t k = 0; k < kNodes; ++k) {
      double tail = beyond;
      for (size_t l = 0; l < kNodes; ++l) tail += half * kTail[k][l] * density[l];
      table.distribution[p * kNodes + k] = std::clamp(1 - tail, 0.0, 1.0);
    }
    for (size_t k = 0; k < kNodes; ++k) {
      const size_t node = p * kNodes + k;
      beyond += table.mass[node];
      if (table.mass[node] > kNegligible) table.end = std::max(table.end, node + 1);
      if (table.mass[node] > kNegligible) table.begin = std::min(table.begin, node);
    }
  }
  return table;
}

BestProbability::BestProbability(std::span<const Counts> counts, size_t depth) {
  std::vector<Posterior> arms;
  std::vector<double> lower_ends;
  for (const Counts& count : counts) {
    arms.emplace_back(count);
    lower_ends.push_back(lower_end(arms.back()));
  }
  // After depth - 1 picks at least one of the `depth` highest arms is left, so that whatever happens below
  // all their masses cannot be the best.
  double from = 0;
  if (depth <= arms.size()) {
    std::nth_element(lower_ends.begin(), lower_ends.begin() + static_cast<std::ptrdiff_t>(depth - 1),
                     lower_ends.end(), std::greater<>());
    from = lower_ends[depth - 1];
  }
  std::vector<Posterior> relevant;
  std::vector<bool> is_relevant;
  for (const Posterior& arm : arms) {
    is_relevant.push_back(arm.mean() + kReach * arm.standard_deviation() > from);
    if (is_relevant.back()) relevant.push_back(arm);
  }
  place_panels(relevant, from);
  InterruptTicker interrupts;
  for (size_t i = 0; i < arms.size(); ++i) {
    tables_.push_back(is_relevant[i] ? tabulated(arms[i]) : Table());
    interrupts.tick();
  }
}

double BestProbability::of(size_t arm, const std::vector<bool>& is_taken) const {
  const Table& own = tables_[arm];
  if (std::count(is_taken.begin(), is_taken.end(), false) == 1) return 1;
  if (own.begin >= own.end) return kLeastProbability;
  std::vector<double> product(own.mass.begin() + static_cast<std::ptrdiff_t>(own.begin),
                              own.mass.begin() + static_cast<std::ptrdiff_t>(own.end));
  for (size_t j = 0; j < tables_.size(); ++j) {
    if (j == arm || is_taken[j]) continue;
    const Table& other = tables_[j];
    // Beyond its own mass a distribution function is 1.
    const size_t end = std::min(own.end, other.end);
    for (size_t node = own.begin; node < end; ++node) product[node - own.begin] *= other.distribution[node];
  }
  double sum = 0;
  for (const double part : product) sum += part;
  return std::clamp(sum, kLeastProbability, 1.0);
}

size_t BestProbability::size_bytes() const {
  size_t bytes = (panels_.capacity() + nodes_log_.capacity() * 2) * sizeof(double);
  for (const Table& table : tables_)
    bytes += sizeof(Table) + (table.mass.capacity() + table.distribution.capacity()) * sizeof(double);
  return bytes;
}

}  // namespace cdp::decision
