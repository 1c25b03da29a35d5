#pragma once

#include <cstdint>

namespace cdp {

/// A function that throws (Error of category Cancelled, or what the server raised) when the running
/// statement was asked to stop, and returns otherwise.
using InterruptCheck = void (*)();

/// Installs `check` as this thread's interrupt check and returns the one before; nullptr for none, as in
/// every new thread.
InterruptCheck set_interrupt_check(InterruptCheck check) noexcept;

/// Calls the installed interrupt check. Loops whose length depends on data call this at least once every
/// few milliseconds of work.
void check_interrupts();

/// Calls check_interrupts() at every 1024th step of a tight loop.
class InterruptTicker {
 public:
  void tick() {
    if ((++steps_ & 1023) == 0) check_interrupts();
  }

 private:
  uint32_t steps_ = 0;
};

}  // namespace cdp
