#include "pg/parallel.hpp"

#include "base/interrupt.hpp"
#include "pg/boundary.hpp"
#include "pg/guard.hpp"

#include <algorithm>

extern "C" {
#include <access/parallel.h>
#include <access/table.h>
#include <access/xact.h>
#include <catalog/namespace.h>
#include <optimizer/cost.h>
#include <optimizer/paths.h>
#include <port/atomics.h>
#include <storage/bufmgr.h>
#include <storage/shm_toc.h>
#include <utils/lsyscache.h>
#include <utils/rel.h>
}

namespace cdp::pg {

/// In memory that the processes share; the counts of each process and the argument follow it.
struct SharedWork::State {
  pg_atomic_uint64 next_piece;
  int64_t pieces;
  int processes;           ///< that there may be, the one that was asked the last of them
  uint64_t counts;         ///< of one process
  uint64_t argument_size;  ///< in bytes

  int64_t* counts_of(int process) {
    return reinterpret_cast<int64_t*>(this + 1) + static_cast<uint64_t>(process) * counts;
  }
  uint8_t* argument() { return reinterpret_cast<uint8_t*>(counts_of(processes)); }
};

SharedWork::SharedWork(State* state, int process)
    : state_(state),
      counts_(state->counts_of(process), state->counts),
      argument_(state->argument(), state->argument_size) {}

std::optional<int64_t> SharedWork::next_piece() {
  check_interrupts();
  const auto piece = static_cast<int64_t>(pg_atomic_fetch_add_u64(&state_->next_piece, 1));
  return piece < state_->pieces ? std::optional<int64_t>(piece) : std::nullopt;
}

int parallel_workers_for(const char* schema, const char* table) {
  return guard([&] {
    if (IsParallelWorker()) return 0;
    Relation relation =
        table_open(get_relname_relid(table, get_namespace_oid(schema, false)), AccessShareLock);
    const BlockNumber pages = RelationGetNumberOfBlocks(relation);
    table_close(relation, NoLock);
    // One more for each three times the size from which one is worth it.
    int workers = 0;
    for (uint64_t size = static_cast<uint64_t>(std::max(min_parallel_table_scan_size, 1)); size <= pages;
         size *= 3)
      ++workers;
    return std::min(workers, max_parallel_workers_per_gather);
  });
}

namespace {

constexpr uint64_t kStateKey = 1;

}  // namespace

/// What the process that was asked does beside its share.
struct SharedWork::Run {
  ParallelContext* context = nullptr;  ///< nullptr: without workers
  State* state = nullptr;

  /// Starts the workers, as many of them as there may be.
  static Run begin(int workers, const char* worker, ByteView argument, int64_t pieces, size_t counts) {
    return guard([&] {
      Run run;
      const auto size_for = [&](int processes) {
        return sizeof(State) + static_cast<size_t>(processes) * counts * sizeof(int64_t) + argument.size();
      };
      int processes = 1;
      if (workers > 0) {
        EnterParallelMode();
        run.context = CreateParallelContext("cdp", worker, workers);
        shm_toc_estimate_chunk(&run.context->estimator, size_for(workers + 1));
        shm_toc_estimate_keys(&run.context->estimator, 1);
        InitializeParallelDSM(run.context);
        processes += run.context->nworkers;  // fewer where shared memory is out
        run.state = static_cast<State*>(shm_toc_allocate(run.context->toc, size_for(processes)));
      } else {
        run.state = static_cast<State*>(palloc(size_for(processes)));
      }
      pg_atomic_init_u64(&run.state->next_piece, 0);
      run.state->pieces = pieces;
      run.state->processes = processes;
      run.state->counts = counts;
      run.state->argument_size = argument.size();
      std::fill(run.state->counts_of(0), run.state->counts_of(processes), 0);
      std::copy(argument.begin(), argument.end(), run.state->argument());
      if (run.context != nullptr) {
        shm_toc_insert(run.context->toc, kStateKey, run.state);
        LaunchParallelWorkers(run.context);
      }
      return run;
    });
  }

  /// Waits for the workers; an error of one of them comes out here.
  void wait() const {
    if (context != nullptr) guard([&] { WaitForParallelWorkersToFinish(context); });
  }

  void end() const {
    if (context == nullptr) return pfree(state);
    guard([&] {
      DestroyParallelContext(context);
      ExitParallelMode();
    });
  }
};

std::vector<int64_t> SharedWork::run(int workers, const char* worker, Share share, ByteView argument,
                                     int64_t pieces, size_t counts) {
  // After an error the (sub)transaction ends, and with it the workers and their memory.
  const Run run = Run::begin(workers, worker, argument, pieces, counts);
  SharedWork own(run.state, run.state->processes - 1);
  share(own);
  run.wait();
  std::vector<int64_t> sums(counts);
  for (int process = 0; process < run.state->processes; ++process)
    for (size_t i = 0; i < counts; ++i) sums[i] += run.state->counts_of(process)[i];
  run.end();
  return sums;
}

void SharedWork::enter_worker(Share share, shm_toc* contents) {
  struct Entry {
    Share share;
    shm_toc* contents;
  } entry{share, contents};
  enter(
      [](void* argument) {
        const auto& entered = *static_cast<Entry*>(argument);
        auto* state =
            static_cast<State*>(guard([&] { return shm_toc_lookup(entered.contents, kStateKey, false); }));
        SharedWork work(state, ParallelWorkerNumber);
        entered.share(work);
      },
      &entry);
}

}  // namespace cdp::pg
