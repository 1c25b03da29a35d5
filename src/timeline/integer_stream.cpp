#include "timeline/integer_stream.hpp"

#include "timeline/bit_packing.hpp"
#include "timeline/integer_plan.hpp"

#include <algorithm>
#include <bit>
#include <numeric>
#include <optional>

namespace cdp::timeline {

namespace {

constexpr uint8_t kDifferences = 1 << 3;
constexpr int kBaseShift = 4;
constexpr uint8_t kDivisor = 1 << 6;

/// Nothing is tried for fewer bytes than these.
constexpr size_t kSmallEnough = 6;
constexpr size_t kMaxDistinct = 4096;

/// A divisor that all differences have, and the remainder, 0 up to the divisor, that all values have.
struct Division {
  uint64_t divisor = 1;
  uint64_t remainder = 0;

  size_t cost() const { return divisor == 1 ? 0 : varint_size(divisor) + varint_size(remainder); }
};

Division common_division(std::span<const int64_t> values) {
  uint64_t divisor = 0;
  for (const int64_t value : values) {
    const uint64_t gap = value >= values[0] ? static_cast<uint64_t>(value) - static_cast<uint64_t>(values[0])
                                            : static_cast<uint64_t>(values[0]) - static_cast<uint64_t>(value);
    divisor = std::gcd(divisor, gap);
    if (divisor == 1) return {};
  }
  if (divisor == 0 || divisor > static_cast<uint64_t>(INT64_MAX)) return {};
  const auto signed_divisor = static_cast<int64_t>(divisor);
  const int64_t remainder = values[0] % signed_divisor;
  return {divisor, static_cast<uint64_t>(remainder < 0 ? remainder + signed_divisor : remainder)};
}

void divide(std::span<int64_t> values, const Division& division) {
  const auto divisor = static_cast<int64_t>(division.divisor);
  // Exact, so that the quotient of a negative value is its floor.
  for (int64_t& value : values) {
    const int64_t quotient = value / divisor;
    value = value % divisor < 0 ? quotient - 1 : quotient;
  }
}

std::vector<int64_t> differences_of(std::span<const int64_t> values) {
  std::vector<int64_t> differences(values.size() - 1);
  for (size_t i = 1; i < values.size(); ++i)
    differences[i - 1] =
        static_cast<int64_t>(static_cast<uint64_t>(values[i]) - static_cast<uint64_t>(values[i - 1]));
  return differences;
}

void append_header(std::string& out, Form form, Base base, bool is_differences, const Division& division) {
  out.push_back(static_cast<char>(static_cast<uint8_t>(form) | (is_differences ? kDifferences : 0) |
                                  (static_cast<unsigned>(base) << kBaseShift) |
                                  (division.divisor > 1 ? kDivisor : 0)));
  if (division.divisor > 1) {
    append_varint(out, division.divisor);
    append_varint(out, division.remainder);
  }
}

/// A way to write numbers in a form that holds no other stream.
struct Way {
  Division division;
  bool is_differences = false;
  int64_t first = 0;  ///< of the quotients, where differences follow
  Plan plan;
  std::vector<int64_t> numbers;  ///< what the plan is for; empty if the values themselves

  size_t cost() const {
    return division.cost() + (is_differences ? varint_size(zigzag(first)) : 0) + plan.cost;
  }
};

void take_if_shorter(Way& best, Way other) {
  if (other.cost() < best.cost()) best = std::move(other);
}

/// The differences between neighbours, if they are shorter than `best`.
void consider_differences(Way& best, const Division& division, std::span<const int64_t> quotients) {
  if (quotients.size() < 3) return;
  std::vector<int64_t> differences = differences_of(quotients);
  const Plan plan = plan_of(differences);
  take_if_shorter(best, {division, true, quotients[0], plan, std::move(differences)});
}

/// Appends them in the best of the forms that hold no other stream.
void append_flat(std::string& out, std::span<const int64_t> values) {
  Way best{{}, false, 0, plan_of(values), {}};
  if (best.plan.form != Form::Constant) {
    consider_differences(best, {}, values);
    const Division division = common_division(values);
    if (division.divisor > 1) {
      std::vector<int64_t> quotients(values.begin(), values.end());
      divide(quotients, division);
      consider_differences(best, division, quotients);
      const Plan plan = plan_of(quotients);
      take_if_shorter(best, {division, false, 0, plan, std::move(quotients)});
    }
  }
  append_header(out, best.plan.form, best.plan.base, best.is_differences, best.division);
  if (best.is_differences) append_varint(out, zigzag(best.first));
  append_body(out, best.plan, best.numbers.empty() ? values : best.numbers);
}

/// Distinct values and which of them each is; nullopt where that cannot be shorter than `limit` bytes.
std::optional<std::string> as_dictionary(std::span<const int64_t> values, size_t limit) {
  std::vector<int64_t> distinct(values.begin(), values.end());
  std::sort(distinct.begin(), distinct.end());
  distinct.erase(std::unique(distinct.begin(), distinct.end()), distinct.end());
  const auto width = static_cast<unsigned>(std::bit_width(distinct.size() - 1));
  if (distinct.size() > kMaxDistinct || 3 + bytes_of_bits(values.size() * width) >= limit)
    return std::nullopt;
  std::string out;
  append_header(out, Form::Dictionary, Base::Zero, false, {});
  append_varint(out, distinct.size());
  append_flat(out, distinct);
  BitWriter bits(out);
  for (const int64_t value : values)
    bits.put(
        static_cast<uint64_t>(std::lower_bound(distinct.begin(), distinct.end(), value) - distinct.begin()),
        width);
  bits.finish();
  return out;
}

std::string as_runs(std::span<const int64_t> values) {
  std::vector<int64_t> starts;
  std::vector<int64_t> lengths;
  for (const int64_t value : values) {
    if (starts.empty() || starts.back() != value) {
      starts.push_back(value);
      lengths.push_back(0);
    }
    ++lengths.back();
  }
  std::string out;
  append_header(out, Form::Runs, Base::Zero, false, {});
  append_varint(out, starts.size());
  append_flat(out, starts);
  append_flat(out, lengths);
  return out;
}

size_t run_count(std::span<const int64_t> values) {
  size_t runs = 1;
  for (size_t i = 1; i < values.size(); ++i) runs += values[i] != values[i - 1] ? 1 : 0;
  return runs;
}

// ---- Reading ------------------------------------------------------------------------------------------

void read_flat_or_nested(ByteReader& reader, std::span<int64_t> values, bool may_nest);

void read_dictionary(ByteReader& reader, std::span<int64_t> values) {
  const uint64_t size = reader.varint();
  if (size == 0 || size > values.size()) reader.fail("has a dictionary of a wrong size");
  std::vector<int64_t> distinct(size);
  read_flat_or_nested(reader, distinct, false);
  const auto width = static_cast<unsigned>(std::bit_width(size - 1));
  BitReader bits(reader.take(bytes_of_bits(values.size() * width)));
  for (int64_t& value : values) {
    const uint64_t code = bits.get(width);
    if (code >= size) reader.fail("has a code that its dictionary lacks");
    value = distinct[code];
  }
}

void read_runs(ByteReader& reader, std::span<int64_t> values) {
  const uint64_t runs = reader.varint();
  if (runs == 0 || runs > values.size()) reader.fail("has a wrong number of runs");
  std::vector<int64_t> starts(runs);
  std::vector<int64_t> lengths(runs);
  read_flat_or_nested(reader, starts, false);
  read_flat_or_nested(reader, lengths, false);
  size_t done = 0;
  for (size_t i = 0; i < runs; ++i) {
    if (lengths[i] < 1 || static_cast<uint64_t>(lengths[i]) > values.size() - done)
      reader.fail("has a run of a wrong length");
    std::fill_n(values.begin() + static_cast<ptrdiff_t>(done), lengths[i], starts[i]);
    done += static_cast<size_t>(lengths[i]);
  }
  if (done != values.size()) reader.fail("has runs that end too early");
}

void read_flat_or_nested(ByteReader& reader, std::span<int64_t> values, bool may_nest) {
  if (values.empty()) return;
  const auto header = reader.fixed<uint8_t>();
  const auto form = static_cast<Form>(header & 7);
  const unsigned base = (header >> kBaseShift) & 3;
  if (form > Form::Runs || base > static_cast<unsigned>(Base::ZigZag) || header > 127)
    reader.fail("has a stream of integers in an unknown form");
  uint64_t divisor = 1;
  uint64_t remainder = 0;
  if ((header & kDivisor) != 0) {
    divisor = reader.varint();
    remainder = reader.varint();
  }
  if (form >= Form::Dictionary) {
    if (!may_nest) reader.fail("has streams of integers that nest");
    form == Form::Dictionary ? read_dictionary(reader, values) : read_runs(reader, values);
    return;
  }
  const bool is_differences = (header & kDifferences) != 0;
  if (is_differences) values[0] = from_zigzag(reader.varint());
  read_body(reader, form, static_cast<Base>(base), is_differences ? values.subspan(1) : values);
  if (is_differences) {
    for (size_t i = 1; i < values.size(); ++i)
      values[i] =
          static_cast<int64_t>(static_cast<uint64_t>(values[i]) + static_cast<uint64_t>(values[i - 1]));
  }
  if (divisor != 1)
    for (int64_t& value : values)
      value = static_cast<int64_t>(static_cast<uint64_t>(value) * divisor + remainder);
}

}  // namespace

void append_integers(std::string& out, std::span<const int64_t> values) {
  if (values.empty()) return;
  const size_t before = out.size();
  append_flat(out, values);
  const auto replace_if_shorter = [&](const std::string& other) {
    if (other.size() < out.size() - before) out.replace(before, std::string::npos, other);
  };
  if (out.size() - before <= kSmallEnough) return;
  if (run_count(values) <= values.size() / 4) replace_if_shorter(as_runs(values));
  if (const std::optional<std::string> dictionary = as_dictionary(values, out.size() - before))
    replace_if_shorter(*dictionary);
}

std::vector<int64_t> read_integers(ByteReader& reader, size_t count) {
  std::vector<int64_t> values(count);
  read_integers(reader, values);
  return values;
}

void read_integers(ByteReader& reader, std::span<int64_t> values) {
  read_flat_or_nested(reader, values, true);
}

}  // namespace cdp::timeline
