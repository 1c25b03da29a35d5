#include "base/background.hpp"
#include "base/interrupt.hpp"

#include <atomic>
#include <chrono>
#include <csignal>
#include <memory>
#include <stdexcept>
#include <thread>

namespace cdp {
namespace {

TEST(Background, WorksBesideAndIsWaitedFor) {
  std::atomic<int> step = 0;
  std::thread::id worker;
  Background background([&] {
    worker = std::this_thread::get_id();
    while (step == 0) std::this_thread::yield();
    step = 2;
  });
  step = 1;
  background.finish();
  EXPECT_EQ(step, 2);
  EXPECT_NE(worker, std::this_thread::get_id());
}

TEST(Background, RethrowsWhatTheWorkThrew) {
  Background background([] { throw std::runtime_error("no"); });
  EXPECT_THROW(background.finish(), std::runtime_error);
}

TEST(Background, DestructionWaits) {
  std::atomic<bool> is_done = false;
  {
    const Background background([&] {
      std::this_thread::sleep_for(std::chrono::milliseconds(20));
      is_done = true;
    });
  }
  EXPECT_TRUE(is_done);
}

TEST(Background, AllThatRunCanBeWaitedFor) {
  std::atomic<int> done = 0;
  const auto work = [&] {
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
    ++done;
  };
  Background first(work);
  const Background second(work);
  first.finish();
  Background::wait_for_all();
  EXPECT_EQ(done, 2);
}

TEST(Background, NoSignalReachesTheThread) {
  sigset_t blocked;
  sigemptyset(&blocked);
  Background background([&] { pthread_sigmask(SIG_SETMASK, nullptr, &blocked); });
  background.finish();
  for (const int signal : {SIGTERM, SIGINT, SIGUSR1, SIGUSR2, SIGHUP, SIGALRM, SIGQUIT})
    EXPECT_TRUE(sigismember(&blocked, signal)) << signal;
  sigset_t own;
  pthread_sigmask(SIG_SETMASK, nullptr, &own);
  EXPECT_FALSE(sigismember(&own, SIGTERM)) << "the caller's signals are as before";
}

TEST(Background, TheCallersInterruptCheckIsNotTheThreads) {
  static std::atomic<int> checks = 0;
  const InterruptCheck before = set_interrupt_check([] { ++checks; });
  Background background([] { check_interrupts(); });
  background.finish();
  EXPECT_EQ(checks, 0);
  check_interrupts();
  EXPECT_EQ(checks, 1);
  set_interrupt_check(before);
}

}  // namespace
}  // namespace cdp
