#include "base/background.hpp"

#include <algorithm>
#include <csignal>
#include <system_error>
#include <utility>
#include <vector>

namespace cdp {

namespace {

/// Those whose threads may run. Known to the thread that makes them alone; never destroyed.
std::vector<Background*>& running() {
  static auto* const all = new std::vector<Background*>;
  return *all;
}

/// Threads that are made in its scope are born without signals.
class SignalsOff {
 public:
  SignalsOff() {
    sigset_t all;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before_);
  }
  ~SignalsOff() { pthread_sigmask(SIG_SETMASK, &before_, nullptr); }
  SignalsOff(const SignalsOff&) = delete;
  SignalsOff& operator=(const SignalsOff&) = delete;

 private:
  sigset_t before_{};
};

}  // namespace

Background::Background(std::function<void()> work) : work_(std::move(work)) {
  running().push_back(this);
  try {
    const SignalsOff signals_off;
    thread_ = std::thread([this] {
      try {
        work_();
      } catch (...) {
        failure_ = std::current_exception();
      }
      is_done_ = true;
    });
  } catch (const std::system_error&) {
    // None to be had: finish() will do the work.
  }
}

Background::~Background() {
  join();
  std::erase(running(), this);
}

void Background::finish() {
  join();
  if (!std::exchange(is_done_, true)) work_();
  if (failure_) std::rethrow_exception(std::exchange(failure_, nullptr));
}

void Background::wait_for_all() {
  for (Background* background : running()) background->join();
}

void Background::join() {
  if (thread_.joinable()) thread_.join();
}

}  // namespace cdp
