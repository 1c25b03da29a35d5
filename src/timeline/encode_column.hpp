#pragma once

#include "timeline/column.hpp"

#include <array>

/// What the sources of column.hpp that write columns share.

namespace cdp::timeline {

/// Byte strings that say the same, of which the shortest is to be taken.
class Candidates {
 public:
  void add(Encoding encoding, std::string bytes);
  /// The shortest as it is.
  EncodedColumn shortest();
  /// The shortest after compressing those that it may help.
  EncodedColumn shortest_compressed();

 private:
  std::vector<EncodedColumn> columns_;
};

/// Each at least one value.
void propose_numbers(std::span<const Decimal::Digits> values, Candidates& candidates);
void propose_strings(std::span<const std::string_view> values, Candidates& candidates);
/// Values of any kind, written as binary_json.hpp has it.
void propose_written(std::span<const std::string> values, Candidates& candidates);

/// The powers of ten that 64 bits hold.
constexpr int kMaxPowerOfTen = 18;
constexpr std::array<int64_t, kMaxPowerOfTen + 1> kPowersOfTen = [] {
  std::array<int64_t, kMaxPowerOfTen + 1> powers{1};
  for (size_t i = 1; i < powers.size(); ++i) powers[i] = powers[i - 1] * 10;
  return powers;
}();

/// The number's digits where `scale` of them, no fewer than now, stand after the point; nullopt where 64 bits
/// do not hold them.
std::optional<int64_t> digits_at_scale(Decimal::Digits number, int32_t scale);

}  // namespace cdp::timeline
