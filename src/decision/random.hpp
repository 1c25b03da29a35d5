#pragma once

#include <array>
#include <cstdint>

namespace cdp::decision {

/// A stream of random numbers: xoshiro256++ (D. Blackman, S. Vigna, "Scrambled linear pseudorandom number
/// generators", 2021). The same seed gives the same stream on every machine. Not for secrets.
class Random {
 public:
  explicit Random(uint64_t seed);

  /// 64 random bits.
  uint64_t bits();

  /// Uniform in (0, 1), both ends out.
  double uniform();

  /// Standard normal (the polar method of Marsaglia and Bray).
  double normal();

  /// Gamma of the given shape, at least 1, and scale 1 (G. Marsaglia, W. Tsang, "A simple method for
  /// generating gamma variables", 2000).
  double gamma(double shape);

  /// Beta; both shapes at least 1.
  double beta(double a, double b);

 private:
  std::array<uint64_t, 4> state_;
};

}  // namespace cdp::decision
