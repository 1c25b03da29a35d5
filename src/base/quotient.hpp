#pragma once

#include "base/decimal.hpp"

namespace cdp {

/// a / b with that many significant digits, half rounded away from zero; b is not 0. Throws Error(OutOfRange)
/// beyond the digits that a Decimal has, and for b = 0.
Decimal quotient(const Decimal& a, const Decimal& b, int significant_digits);

}  // namespace cdp
