#include "base/interrupt.hpp"

#include <utility>

namespace cdp {

namespace {
thread_local InterruptCheck installed_check = nullptr;
}

InterruptCheck set_interrupt_check(InterruptCheck check) noexcept {
  return std::exchange(installed_check, check);
}

void check_interrupts() {
  if (installed_check != nullptr) installed_check();
}

}  // namespace cdp
