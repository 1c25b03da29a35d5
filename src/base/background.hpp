#pragma once

#include <exception>
#include <functional>
#include <thread>

namespace cdp {

/// Work in a thread of its own, beside the one that made it. It must not touch the server: no memory of its
/// contexts, no errors of its kind, no settings that may change meanwhile. No signal reaches the thread, and
/// check_interrupts() does nothing in it, so it should last for milliseconds.
class Background {
 public:
  explicit Background(std::function<void()> work);
  /// Waits for the work; what it threw is lost.
  ~Background();
  Background(const Background&) = delete;
  Background& operator=(const Background&) = delete;

  /// Waits for the work and throws what it threw. Where no thread could be had, does the work now.
  void finish();

  /// Waits for whatever runs; to be called before a process exits without leaving its scopes.
  static void wait_for_all();

 private:
  void join();

  std::function<void()> work_;
  std::exception_ptr failure_;
  bool is_done_ = false;
  std::thread thread_;
};

}  // namespace cdp
