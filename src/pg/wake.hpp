#pragma once

#include "pg/server.hpp"

struct LOCKTAG;

namespace cdp::pg {

/// The lock that a database's background worker holds while it runs; whoever holds it is the worker. It is of
/// the advisory kind with a fourth field (objsubid 205 in pg_locks) that SQL's advisory locks cannot reach.
void set_worker_locktag(LOCKTAG* tag, Oid database);

/// Process id of the worker of `database`, 0 if none runs. Reads the whole lock table: a fraction of a
/// millisecond on a quiet server.
int find_worker(Oid database);

/// Wakes this database's worker when the transaction commits; further calls in the transaction cost nothing.
/// The worker is looked for once a session, and again, at most once a second, when it is gone. Where none is
/// found nothing happens: a worker polls as well. Not for prepared transactions, which it finds by polling.
void wake_worker_at_commit();

}  // namespace cdp::pg
