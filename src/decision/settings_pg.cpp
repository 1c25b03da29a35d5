#include "pg/server.hpp"

#include "base/error.hpp"
#include "decision/load.hpp"
#include "decision/settings.hpp"

#include <climits>
#include <optional>

extern "C" {
#include <utils/guc.h>
}

namespace cdp::decision {

namespace {

bool log_decisions = true;
int seed = 0;
bool is_seeded = false;

void forget_stream(int /*value*/, void* /*extra*/) { is_seeded = false; }

uint64_t strong_seed() {
  uint64_t number = 0;
  if (!pg_strong_random(&number, sizeof(number)))
    throw Error(Category::State, "could not get random bytes from the operating system");
  return number;
}

}  // namespace

void load() {
  DefineCustomBoolVariable("cdp.log_decisions", "Logs what cdp_rank answers in cdp.decision.",
                           "Read-only transactions and standbys never log.", &log_decisions, true,
                           PGC_USERSET, 0, nullptr, nullptr, nullptr);
  DefineCustomIntVariable("cdp.seed", "Seed of the random numbers of cdp_rank in this connection.",
                          "For tests: 0 takes a seed from the operating system; every SET starts the numbers "
                          "anew.",
                          &seed, 0, 0, INT_MAX, PGC_USERSET, 0, nullptr, forget_stream, nullptr);
}

bool logs_decisions() { return log_decisions; }

Random& random() {
  static constinit std::optional<Random> stream;
  if (!is_seeded) stream.emplace(seed == 0 ? strong_seed() : static_cast<uint64_t>(seed));
  is_seeded = true;
  return *stream;
}

}  // namespace cdp::decision
