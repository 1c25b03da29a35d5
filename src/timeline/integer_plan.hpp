#pragma once

#include "base/bytes.hpp"

#include <array>
#include <cstdint>
#include <span>
#include <string>

/// The forms of integer_stream.hpp that hold no other stream: choosing one, writing and reading it.

namespace cdp::timeline {

enum class Form : uint8_t { Constant, Packed, TwoWidths, FourWidths, Dictionary, Runs };

/// What is taken off every number before its bits are counted.
enum class Base : uint8_t {
  Zero,    ///< nothing
  Least,   ///< the least number
  ZigZag,  ///< the sign, which becomes the lowest bit
};

/// How to write some integers.
struct Plan {
  Form form = Form::Constant;
  Base base = Base::Zero;
  int64_t least = 0;
  std::array<uint8_t, 4> widths{};  ///< ascending; one, two or four of them
  size_t cost = 0;                  ///< bytes that append_body() appends
};

/// The form that takes the fewest bytes. There must be at least one value.
Plan plan_of(std::span<const int64_t> values);

void append_body(std::string& out, const Plan& plan, std::span<const int64_t> values);

/// Reads as many as `values` has room for. Throws Error(Corrupt).
void read_body(ByteReader& reader, Form form, Base base, std::span<int64_t> values);

}  // namespace cdp::timeline
