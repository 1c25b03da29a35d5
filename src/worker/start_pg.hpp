#pragma once

#include "pg/server.hpp"

namespace cdp::worker {

/// Registers a worker for `database` with the postmaster. False if there is no free slot
/// (max_worker_processes). Never raises an error; a second worker of a database leaves by itself.
bool register_worker(Oid database);

/// Whether the library was loaded by shared_preload_libraries, that is, whether a launcher runs.
bool is_preloaded();
void set_preloaded();

}  // namespace cdp::worker
