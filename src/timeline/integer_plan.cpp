#include "timeline/integer_plan.hpp"

#include "timeline/bit_packing.hpp"
#include "timeline/integer_stream.hpp"

#include <algorithm>
#include <bit>
#include <limits>
#include <tuple>

namespace cdp::timeline {

namespace {

/// How many of the numbers have that many bits.
using Widths = std::array<uint32_t, 65>;

/// The number less its base.
uint64_t reduced(int64_t value, Base base, int64_t least) {
  switch (base) {
    case Base::Least:
      return static_cast<uint64_t>(value) - static_cast<uint64_t>(least);
    case Base::ZigZag:
      return zigzag(value);
    default:
      return static_cast<uint64_t>(value);
  }
}

Widths widths_of(std::span<const int64_t> values, Base base, int64_t least) {
  Widths widths{};
  for (const int64_t value : values) ++widths[std::bit_width(reduced(value, base, least))];
  return widths;
}

struct Choice {
  std::array<uint8_t, 4> widths{};
  uint64_t bits = std::numeric_limits<uint64_t>::max();
};

/// The two and the four widths that hold all numbers in the fewest bits. By dynamic programming over the
/// widths that occur: the best split of the first j of them into k groups, each as wide as its widest.
class BestWidths {
 public:
  explicit BestWidths(const Widths& numbers) {
    std::array<uint64_t, 66> below{};  // how many numbers the first of them have together
    for (size_t width = 0; width < numbers.size(); ++width) {
      if (numbers[width] == 0) continue;
      occurring_[size_] = static_cast<uint8_t>(width);
      below[size_ + 1] = below[size_] + numbers[width];
      ++size_;
    }
    for (size_t j = 1; j <= size_; ++j) bits_[1][j] = below[j] * occurring_[j - 1];
    for (size_t k = 2; k <= kMost; ++k) {
      for (size_t j = k; j <= size_; ++j) {
        bits_[k][j] = std::numeric_limits<uint64_t>::max();
        for (size_t i = k - 1; i < j; ++i) {
          const uint64_t bits = bits_[k - 1][i] + (below[j] - below[i]) * occurring_[j - 1];
          if (bits >= bits_[k][j]) continue;
          bits_[k][j] = bits;
          from_[k][j] = static_cast<uint8_t>(i);
        }
      }
    }
  }

  /// The best `count` of them, two or four; none if fewer occur.
  Choice choose(size_t count) const {
    Choice choice;
    if (size_ < count) return choice;
    choice.bits = bits_[count][size_];
    for (size_t k = count, j = size_; k > 0; j = k > 1 ? from_[k][j] : 0, --k)
      choice.widths[k - 1] = occurring_[j - 1];
    return choice;
  }

 private:
  static constexpr size_t kMost = 4;

  size_t size_ = 0;
  std::array<uint8_t, 65> occurring_{};
  std::array<std::array<uint64_t, 66>, kMost + 1> bits_;  // set where k <= j <= size_
  std::array<std::array<uint8_t, 66>, kMost + 1> from_;
};

size_t base_cost(Base base, int64_t least) { return base == Base::Least ? varint_size(zigzag(least)) : 0; }

void consider(Plan& best, Plan candidate) {
  if (candidate.cost < best.cost) best = candidate;
}

/// The forms of several widths, where they might be shorter than `best`.
void consider_several_widths(Plan& best, std::span<const int64_t> values, Base base, int64_t least) {
  const size_t header = base_cost(base, least) + 2;
  if (header + bytes_of_bits(values.size()) >= best.cost) return;
  const Widths numbers = widths_of(values, base, least);
  uint64_t fewest_bits = values.size();
  for (size_t width = 0; width < numbers.size(); ++width) fewest_bits += numbers[width] * width;
  if (header + bytes_of_bits(fewest_bits) >= best.cost) return;
  const BestWidths widths(numbers);
  for (const auto& [form, count, class_bits] : {std::tuple(Form::TwoWidths, size_t{2}, size_t{1}),
                                                std::tuple(Form::FourWidths, size_t{4}, size_t{2})}) {
    const Choice choice = widths.choose(count);
    if (choice.bits == std::numeric_limits<uint64_t>::max()) continue;
    consider(best, {form, base, least, choice.widths,
                    base_cost(base, least) + count + bytes_of_bits(values.size() * class_bits) +
                        bytes_of_bits(choice.bits)});
  }
}

size_t width_count(Form form) { return form == Form::TwoWidths ? 2 : 4; }

}  // namespace

Plan plan_of(std::span<const int64_t> values) {
  const auto [lowest, highest] = std::minmax_element(values.begin(), values.end());
  const int64_t least = *lowest;
  if (least == *highest) {
    const Base base = least == 0 ? Base::Zero : Base::Least;
    return {Form::Constant, base, least, {}, base_cost(base, least)};
  }
  const auto width = static_cast<uint8_t>(std::bit_width(reduced(*highest, Base::Least, least)));
  const bool needs_no_base = least >= 0 && std::bit_width(static_cast<uint64_t>(*highest)) == width;
  const Base base = needs_no_base ? Base::Zero : Base::Least;
  Plan best{
      Form::Packed, base, least, {width}, base_cost(base, least) + 1 + bytes_of_bits(values.size() * width)};
  consider_several_widths(best, values, base, least);
  if (least < 0) consider_several_widths(best, values, Base::ZigZag, 0);
  return best;
}

void append_body(std::string& out, const Plan& plan, std::span<const int64_t> values) {
  if (plan.base == Base::Least) append_varint(out, zigzag(plan.least));
  if (plan.form == Form::Constant) return;
  if (plan.form == Form::Packed) {
    out.push_back(static_cast<char>(plan.widths[0]));
    BitWriter bits(out);
    for (const int64_t value : values) bits.put(reduced(value, plan.base, plan.least), plan.widths[0]);
    bits.finish();
    return;
  }
  const size_t count = width_count(plan.form);
  for (size_t i = 0; i < count; ++i) out.push_back(static_cast<char>(plan.widths[i]));
  const auto class_of = [&](uint64_t number) {
    size_t which = 0;
    while (plan.widths[which] < std::bit_width(number)) ++which;
    return which;
  };
  BitWriter classes(out);
  for (const int64_t value : values)
    classes.put(class_of(reduced(value, plan.base, plan.least)), plan.form == Form::TwoWidths ? 1 : 2);
  classes.finish();
  BitWriter bits(out);
  for (const int64_t value : values) {
    const uint64_t number = reduced(value, plan.base, plan.least);
    bits.put(number, plan.widths[class_of(number)]);
  }
  bits.finish();
}

namespace {

unsigned read_width(ByteReader& reader) {
  const auto width = reader.fixed<uint8_t>();
  if (width > 64) reader.fail("has integers of more than 64 bits");
  return width;
}

void read_several_widths(ByteReader& reader, Form form, std::span<int64_t> values) {
  std::array<unsigned, 4> widths{};
  for (size_t i = 0; i < width_count(form); ++i) widths[i] = read_width(reader);
  const unsigned class_bits = form == Form::TwoWidths ? 1 : 2;
  const ByteView class_bytes = reader.take(bytes_of_bits(values.size() * class_bits));
  uint64_t total = 0;
  BitReader counted(class_bytes);
  for (size_t i = 0; i < values.size(); ++i) total += widths[counted.get(class_bits)];
  BitReader classes(class_bytes);
  BitReader bits(reader.take(bytes_of_bits(total)));
  for (int64_t& value : values) value = static_cast<int64_t>(bits.get(widths[classes.get(class_bits)]));
}

}  // namespace

void read_body(ByteReader& reader, Form form, Base base, std::span<int64_t> values) {
  const uint64_t least = base == Base::Least ? static_cast<uint64_t>(from_zigzag(reader.varint())) : 0;
  if (form == Form::Constant) {
    std::fill(values.begin(), values.end(), static_cast<int64_t>(least));
    return;
  }
  if (form == Form::Packed) {
    const unsigned width = read_width(reader);
    BitReader bits(reader.take(bytes_of_bits(values.size() * width)));
    for (int64_t& value : values) value = static_cast<int64_t>(bits.get(width));
  } else {
    read_several_widths(reader, form, values);
  }
  if (base == Base::ZigZag)
    for (int64_t& value : values) value = from_zigzag(static_cast<uint64_t>(value));
  else if (least != 0)
    for (int64_t& value : values) value = static_cast<int64_t>(static_cast<uint64_t>(value) + least);
}

}  // namespace cdp::timeline
