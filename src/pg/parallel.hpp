#pragma once

#include "pg/server.hpp"

#include "base/bytes.hpp"

#include <cstdint>
#include <optional>
#include <span>
#include <vector>

struct dsm_segment;
struct shm_toc;

namespace cdp::pg {

/// What several processes of one statement do together: pieces of work, numbered from 0, that each takes one
/// after the other, and counts that are added up over all of them.
class SharedWork {
 public:
  /// Does a process's share of the work: the pieces that it takes.
  using Share = void (*)(SharedWork& work);

  /// Does `pieces` pieces of work by `share`, here and in up to so many parallel workers, which see what the
  /// statement sees. `worker` is the name that CDP_PARALLEL_WORKER gave the share. Returns the sums of
  /// `counts` counts. The work must change nothing. What it throws, here or there, ends the statement.
  static std::vector<int64_t> run(int workers, const char* worker, Share share, ByteView argument,
                                  int64_t pieces, size_t counts);

  /// A parallel worker's entry.
  static void enter_worker(Share share, shm_toc* contents);

  /// The next piece that nobody has taken; nullopt at the end. Answers cancels.
  std::optional<int64_t> next_piece();

  /// The counts of this process, at first 0.
  std::span<int64_t> counts() { return counts_; }

  /// What the statement gave along.
  ByteView argument() const { return argument_; }

 private:
  struct State;
  struct Run;

  SharedWork(State* state, int process);

  State* state_;
  std::span<int64_t> counts_;
  ByteView argument_;
};

/// How many processes of the server may help with a walk through a table: as for a scan that the planner
/// makes (min_parallel_table_scan_size, max_parallel_workers_per_gather), 0 in a parallel worker.
int parallel_workers_for(const char* schema, const char* table);

}  // namespace cdp::pg

/// Makes a share known to parallel workers by a name: CDP_PARALLEL_WORKER(cdp_x_worker, do_share)
#define CDP_PARALLEL_WORKER(name, share)                          \
  extern "C" {                                                    \
  PGDLLEXPORT void name(dsm_segment* segment, shm_toc* contents); \
  void name(dsm_segment* /*segment*/, shm_toc* contents) {        \
    cdp::pg::SharedWork::enter_worker(share, contents);           \
  }                                                               \
  }
