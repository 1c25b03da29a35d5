/// cdp_health(): what is misconfigured, and what to do about each. Reads only; also on a standby.

#include "pg/boundary.hpp"
#include "pg/clock.hpp"
#include "pg/compat.hpp"
#include "pg/datum.hpp"
#include "pg/guard.hpp"
#include "pg/spi.hpp"
#include "pg/wake.hpp"
#include "worker/load.hpp"
#include "worker/start_pg.hpp"
#include "worker/version.hpp"

#include <cmath>

extern "C" {
#include <access/xlog.h>
}

namespace cdp::worker {

namespace {

/// From this lag on the inbox is worth a look, and from this one on nobody can call it a peak.
constexpr double kWarningLagSeconds = 60;
constexpr double kErrorLagSeconds = 600;
/// A clock may be corrected by so much without anyone having to know.
constexpr double kToleratedSecondsBack = 1;
/// The inbox's chunks are emptied at 4 MB each; larger than this they only are while a load is taken.
constexpr int64_t kLargeInboxBytes = 32 * 1024 * 1024;

class Health {
 public:
  explicit Health(FunctionCallInfo fcinfo) : sink_(fcinfo) {}

  void run() {
    check_version();
    check_preload();
    check_standby();
    check_template();
    check_worker();
    check_worker_slots();
    check_inbox();
    check_inbox_size();
    check_packing();
    check_segments();
    check_clock();
    check_autovacuum();
  }

 private:
  void add(const char* check, const char* status, const std::string& detail,
           const std::optional<std::string>& remedy) {
    sink_.add({pg::to_text(check), pg::to_text(status), pg::to_text(detail),
               remedy ? std::optional(pg::to_text(*remedy)) : std::nullopt});
  }
  void ok(const char* check, const std::string& detail) { add(check, "ok", detail, {}); }
  void warning(const char* check, const std::string& detail, const std::string& remedy) {
    add(check, "warning", detail, remedy);
  }
  void error(const char* check, const std::string& detail, const std::string& remedy) {
    add(check, "error", detail, remedy);
  }

  /// Whether the caller may read a relation of schema cdp; if not, the check says so.
  bool may_read(const char* check, const std::vector<std::string>& relations) {
    static pg::Query query(
        "SELECT bool_and(has_schema_privilege('cdp', 'USAGE') AND has_table_privilege('cdp.' || r, "
        "'SELECT')),"
        " format('GRANT USAGE ON SCHEMA cdp TO %1$I; GRANT SELECT ON %2$s TO %1$I', current_user,"
        " string_agg(format('cdp.%I', r), ', ')) FROM unnest($1::text[]) AS r");
    const pg::Rows rows = query(spi_, relations);
    if (rows.boolean(0, 0)) return true;
    add(check, "unknown", "Not visible to you.", rows.text(0, 1));
    return false;
  }

  void check_version() {
    static pg::Query query("SELECT extversion FROM pg_extension WHERE extname = 'cdp'");
    const std::string library = CDP_VERSION;
    const std::string extension = query(spi_).text(0, 0);
    if (extension == library) return ok("version", "Library and extension are of version " + library + ".");
    const std::string detail = "The server runs the library of version " + library +
                               ", but this database's objects are of version " + extension + ".";
    if (is_older_version(extension, library))
      return error("version", detail, "ALTER EXTENSION cdp UPDATE TO '" + library + "'");
    error("version", detail,
          "Restart the server, so that it loads the library that is installed; if that is older too, install "
          "cdp " +
              extension + ".");
  }

  void check_preload() {
    if (is_preloaded()) return ok("preload", "shared_preload_libraries has cdp.");
    // Visible to superusers and members of pg_read_all_settings.
    static pg::Query query(
        "SELECT pending_restart, (SELECT coalesce(string_agg(quote_literal(trim(name)) || ', ', ''), '')"
        " FROM unnest(string_to_array(setting, ',')) AS name)"
        " FROM pg_settings WHERE name = 'shared_preload_libraries'");
    const pg::Rows rows = query(spi_);
    const std::string others = rows.empty() ? "" : rows.text(0, 1);
    const std::string detail =
        "shared_preload_libraries lacks cdp: no worker starts by itself, nor after a restart of the server.";
    if (!rows.empty() && rows.boolean(0, 0))
      return warning("preload", detail + " That setting has been changed since the server started.",
                     "Restart the server.");
    warning("preload", detail,
            "ALTER SYSTEM SET shared_preload_libraries = " + others + "'cdp'" +
                (rows.empty() ? " (behind what it has)" : "") +
                "; then restart the server. Where that is not possible, call cdp_process() regularly.");
  }

  void check_standby() {
    if (!RecoveryInProgress()) return ok("standby", "This server takes writes.");
    warning("standby", "This server is a standby: no worker runs and nothing is taken before it is promoted.",
            "Look at cdp_health() on the primary server; if this one shall replace it, SELECT pg_promote().");
  }

  void check_template() {
    static pg::Query query(
        "SELECT datistemplate, format('ALTER DATABASE %I IS_TEMPLATE false', datname) FROM pg_database"
        " WHERE datname = current_database()");
    const pg::Rows rows = query(spi_);
    if (!rows.boolean(0, 0)) return ok("template", "This database is no template.");
    warning(
        "template",
        "This database is marked as a template: the launcher starts no worker in it when the server starts.",
        rows.text(0, 1));
  }

  void check_worker() {
    const int pid = pg::find_worker(MyDatabaseId);
    if (pid == 0 && RecoveryInProgress()) return ok("worker", "None runs, as it should be on a standby.");
    if (!may_read("worker", {"worker_status"})) return;
    static pg::Query query(
        "SELECT state, retry_at IS NOT NULL, errors_total::text, coalesce(last_error, ''),"
        " to_char(retry_at, 'HH24:MI:SS TZ') FROM cdp.worker_status");
    const pg::Rows rows = query(spi_);
    const std::string state = rows.text(0, 0);
    if (pid != 0 && rows.boolean(0, 1))
      return error("worker",
                   "The last batch failed and was rolled back (" + rows.text(0, 2) +
                       " failures in all): " + rows.text(0, 3),
                   "Remove the cause; the worker tries again by itself, next at " + rows.text(0, 4) + ".");
    if (pid != 0) return ok("worker", "It runs, process " + std::to_string(pid) + ".");
    if (state == "stopped")
      return warning("worker",
                     "It was stopped by cdp_worker_stop(), which lasts until the next start of the server.",
                     kStart);
    if (is_preloaded()) return error("worker", "None runs in this database.", kStart);
    warning("worker", "None runs in this database: events are taken only where someone calls cdp_process().",
            kStart);
  }

  void check_worker_slots() {
    const int used = pg::guard([] {
      int found = 0;
      for (int i = 1; i <= pgstat_fetch_stat_numbackends(); ++i)
        if (pg::backend_status(i).st_backendType == B_BG_WORKER) ++found;
      return found;
    });
    const std::string detail = std::to_string(used) +
                               " of max_worker_processes = " + std::to_string(max_worker_processes) +
                               " background workers of all kinds run on this server";
    if (used < max_worker_processes) return ok("worker_slots", detail + ".");
    const std::string remedy =
        "ALTER SYSTEM SET max_worker_processes = " + std::to_string(max_worker_processes + 8) +
        "; then restart the server.";
    if (pg::find_worker(MyDatabaseId) != 0)
      return warning("worker_slots",
                     detail + ": there is none left for another database, or a parallel query.", remedy);
    error("worker_slots", detail + ": there is none left for the worker of this database.", remedy);
  }

  void check_inbox() {
    if (!may_read("inbox", {"worker_status"})) return;
    static pg::Query query(
        "SELECT pending_messages::text, coalesce(lag_seconds, 0), round(messages_per_second::numeric, "
        "1)::text,"
        " state, lag_seconds IS NOT NULL FROM cdp.worker_status");
    const pg::Rows rows = query(spi_);
    const double lag = rows.floating(0, 1);
    if (!rows.boolean(0, 4)) return ok("inbox", "No message waits.");
    const std::string detail = rows.text(0, 0) + " messages wait, the oldest for " +
                               std::to_string(std::llround(lag)) + " s; " + rows.text(0, 2) +
                               " a second were taken in the last minute.";
    if (lag < kWarningLagSeconds) return ok("inbox", detail);
    std::string remedy = "SELECT stage_us FROM cdp.worker_status shows which stage takes the time.";
    if (RecoveryInProgress())
      remedy = "Look at cdp_health() on the primary server.";
    else if (pg::find_worker(MyDatabaseId) == 0)
      remedy = kStart + ", or SELECT cdp_process()";
    else if (rows.text(0, 3) == "backing off")
      remedy = "See the check worker.";
    add("inbox", lag < kErrorLagSeconds ? "warning" : "error", detail, remedy);
  }

  /// A chunk is emptied only when nobody holds it. Whoever queued into it and stays in that transaction does.
  void check_inbox_size() {
    static pg::Query size_query(
        "SELECT sum(pg_relation_size(inhrelid))::bigint, pg_size_pretty(sum(pg_relation_size(inhrelid)))"
        " FROM pg_inherits WHERE inhparent = (SELECT oid FROM pg_class WHERE relname = 'inbox'"
        " AND relnamespace = (SELECT oid FROM pg_namespace WHERE nspname = 'cdp'))");
    const pg::Rows size = size_query(spi_);
    const std::string detail = "The inbox takes " + size.text(0, 1);
    if (size.bigint(0, 0) < kLargeInboxBytes) return ok("inbox_size", detail + ".");
    static pg::Query holder_query(
        "SELECT CASE WHEN prepared.gid IS NULL THEN 'process ' || lock.pid"
        " ELSE 'the prepared transaction ' || prepared.gid END,"
        " CASE WHEN prepared.gid IS NULL THEN format('SELECT pg_terminate_backend(%s)', lock.pid)"
        " ELSE format('COMMIT PREPARED %1$L, or ROLLBACK PREPARED %1$L', prepared.gid) END"
        " FROM pg_locks AS lock LEFT JOIN pg_stat_activity AS activity ON activity.pid = lock.pid"
        // A prepared transaction bears the virtual number of the session that prepared it, but no process.
        " LEFT JOIN pg_locks AS own ON lock.pid IS NULL AND own.pid IS NULL AND own.locktype = "
        "'transactionid'"
        " AND own.virtualtransaction = lock.virtualtransaction"
        " LEFT JOIN pg_prepared_xacts AS prepared ON prepared.transaction = own.transactionid"
        " WHERE lock.locktype = 'relation' AND lock.granted AND lock.mode = 'RowExclusiveLock'"
        " AND lock.database = (SELECT oid FROM pg_database WHERE datname = current_database())"
        " AND lock.pid IS DISTINCT FROM $1 AND lock.relation IN (SELECT inhrelid FROM pg_inherits"
        " WHERE inhparent = (SELECT oid FROM pg_class WHERE relname = 'inbox'"
        " AND relnamespace = (SELECT oid FROM pg_namespace WHERE nspname = 'cdp')))"
        " ORDER BY coalesce(prepared.prepared, activity.xact_start) LIMIT 1");
    const pg::Rows holder = holder_query(spi_, static_cast<int32_t>(pg::find_worker(MyDatabaseId)));
    if (holder.empty()) return ok("inbox_size", detail + "; it shrinks once all of a chunk is taken.");
    warning("inbox_size",
            detail + ". What is taken of it is not emptied before " + holder.text(0, 0) +
                " ends the transaction in which it queued messages.",
            holder.text(0, 1));
  }

  /// Packing fails, or cannot go on because the table that was packed last is still looked at.
  void check_packing() {
    if (RecoveryInProgress()) return ok("packing", "The primary server packs.");
    if (!may_read("packing", {"packing_status"})) return;
    static pg::Query query(
        "SELECT fails_since IS NOT NULL, to_char(fails_since, 'YYYY-MM-DD HH24:MI:SS TZ'),"
        " to_char(last_error_at, 'YYYY-MM-DD HH24:MI:SS TZ'), last_error,"
        " coalesce(state = 'emptying' AND opened_at + 2 * $1 * interval '1 microsecond' < clock_timestamp(),"
        " false), coalesce(to_char(opened_at, 'YYYY-MM-DD HH24:MI:SS TZ'), '') FROM cdp.packing_status");
    const pg::Rows rows = query(spi_, pack_interval());
    if (rows.boolean(0, 0))
      return warning("packing",
                     "It has failed since " + rows.text(0, 1) + ", last at " + rows.text(0, 2) + ": " +
                         rows.text(0, 3) + ". Events stay where they are, and count as before.",
                     "Remove the cause; the worker tries again by itself once a minute.");
    const std::string since = rows.text(0, 5);
    if (since.empty()) return ok("packing", "Nothing was packed yet.");
    const std::string gathering = "Events that were taken since " + since + " are not packed yet";
    if (!rows.boolean(0, 4)) return ok("packing", gathering + ".");
    const pg::Rows holder = holder_of_packed();
    if (!holder.empty())
      return warning("packing",
                     gathering + ": the table of those before is not emptied before " + holder.text(0, 0) +
                         ", which may still look at it.",
                     holder.text(0, 1));
    static pg::Query sees_all_query("SELECT pg_has_role('pg_read_all_stats', 'MEMBER')");
    if (sees_all_query(spi_).boolean(0, 0))
      return ok("packing", gathering + "; the worker goes on when it looks next.");
    warning("packing",
            gathering + ": the table of those before is kept by a transaction that you do not see.",
            "Call cdp_health() as a superuser or a member of pg_read_all_stats.");
  }

  /// Who keeps the table of events that are all packed from being emptied, and how to end that: one row, or
  /// none.
  pg::Rows holder_of_packed() {
    static pg::Query query(
        "WITH done AS (SELECT age(done_xid::xid) AS age, closed_table FROM cdp.packing_status)"
        " SELECT who, remedy FROM ("
        "SELECT format('process %s ends its transaction', a.pid) AS who,"
        " format('SELECT pg_terminate_backend(%s)', a.pid) AS remedy, a.xact_start AS since"
        " FROM pg_stat_activity AS a, done WHERE a.datname = current_database() AND a.pid <> pg_backend_pid()"
        " AND a.backend_type NOT IN ('cdp worker', 'autovacuum worker')"
        " AND greatest(age(a.backend_xid), age(a.backend_xmin)) >= done.age"
        " UNION ALL SELECT format('the prepared transaction %s ends', p.gid),"
        " format('COMMIT PREPARED %1$L, or ROLLBACK PREPARED %1$L', p.gid), p.prepared"
        " FROM pg_prepared_xacts AS p, done WHERE p.database = current_database() AND age(p.transaction) >= "
        "done.age"
        " UNION ALL SELECT format('the standby of replication slot %s ends an old query', s.slot_name),"
        " format('End the oldest transaction of that standby (hot_standby_feedback tells of it); where it is "
        "gone for good, SELECT pg_drop_replication_slot(%L)', s.slot_name), NULL"
        " FROM pg_replication_slots AS s, done WHERE age(s.xmin) >= done.age"
        " UNION ALL SELECT format('the standby %s ends an old query', r.application_name),"
        " 'End the oldest transaction of that standby (hot_standby_feedback tells of it).', NULL"
        " FROM pg_stat_replication AS r, done WHERE age(r.backend_xmin) >= done.age"
        " UNION ALL SELECT format('process %s ends the transaction in which it read it', l.pid),"
        " format('SELECT pg_terminate_backend(%s)', l.pid), a.xact_start"
        " FROM pg_locks AS l LEFT JOIN pg_stat_activity AS a USING (pid), done WHERE l.locktype = 'relation'"
        " AND l.granted AND l.pid <> pg_backend_pid() AND a.backend_type IS DISTINCT FROM 'cdp worker'"
        " AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())"
        " AND l.relation = (SELECT oid FROM pg_class WHERE relname = done.closed_table"
        " AND relnamespace = (SELECT oid FROM pg_namespace WHERE nspname = 'cdp'))"
        ") AS holder ORDER BY since NULLS LAST LIMIT 1");
    return query(spi_);
  }

  /// Segments whose query fails, or whose members are still to be computed.
  void check_segments() {
    if (!may_read("segments", {"segment", "segment_query", "segment_call"})) return;
    static pg::Query failing(
        "SELECT s.name, q.error, to_char(q.failed_at, 'YYYY-MM-DD HH24:MI:SS TZ'), count(*) OVER ()"
        " FROM cdp.segment_query AS q JOIN cdp.segment AS s USING (segment_no) WHERE q.failed_at IS NOT NULL"
        " ORDER BY s.name LIMIT 1");
    const pg::Rows rows = failing(spi_);
    if (rows.empty()) return check_calls();
    const int64_t others = rows.bigint(0, 3) - 1;
    warning("segments",
            "The query of segment \"" + rows.text(0, 0) + "\" failed at " + rows.text(0, 2) + ": " +
                rows.text(0, 1) +
                (others > 0 ? " (and those of " + std::to_string(others) + " others)" : "") +
                ". Its members stay as they were.",
            "SELECT * FROM cdp.segment_query WHERE failed_at IS NOT NULL");
  }

  void check_calls() {
    static pg::Query failing(
        "SELECT function, error, to_char(failed_at, 'YYYY-MM-DD HH24:MI:SS TZ'), count(*) OVER ()"
        " FROM cdp.segment_call WHERE failed_at IS NOT NULL ORDER BY function LIMIT 1");
    const pg::Rows rows = failing(spi_);
    if (rows.empty()) return ok("segments", "No query of a segment and no function of rules fails.");
    const int64_t others = rows.bigint(0, 3) - 1;
    warning("segments",
            "Function " + rows.text(0, 0) + " of rules failed at " + rows.text(0, 2) + ": " +
                rows.text(0, 1) + (others > 0 ? " (and " + std::to_string(others) + " others)" : "") +
                ". Its values stay as they were.",
            "SELECT * FROM cdp.segment_call WHERE failed_at IS NOT NULL");
  }

  void check_clock() {
    if (!may_read("clock", {"inbox_cursor"})) return;
    if (pg::is_clock_set())
      return warning(
          "clock",
          "The setting cdp.now is for tests: time stands still at " + format_instant(pg::now()) + ".",
          "ALTER SYSTEM RESET cdp.now; SELECT pg_reload_conf()");
    static pg::Query query(
        "SELECT CASE WHEN isfinite(clock) THEN extract(epoch FROM clock - $1) ELSE 0 "
        "END::float8,"
        " to_char(clock, 'YYYY-MM-DD HH24:MI:SS TZ') FROM cdp.inbox_cursor");
    const pg::Rows rows = query(spi_, pg::now());
    const double ahead = rows.floating(0, 0);
    if (ahead <= kToleratedSecondsBack) return ok("clock", "It has not been set back.");
    error("clock",
          "It was set back: the last batch stands at " + rows.text(0, 1) + ", " +
              std::to_string(std::llround(ahead)) + " s from now. Until then time stands still for segments.",
          "Set the server's clock right (a time service keeps it so), or wait.");
  }

  void check_autovacuum() {
    static pg::Query query(
        "SELECT current_setting('autovacuum')::boolean, current_setting('track_counts')::boolean");
    const pg::Rows rows = query(spi_);
    if (rows.boolean(0, 0) && rows.boolean(0, 1)) return ok("autovacuum", "It is on.");
    const std::string setting = rows.boolean(0, 0) ? "track_counts" : "autovacuum";
    warning(
        "autovacuum",
        setting + " is off: profiles, memberships and counters, which are updated in place, keep growing.",
        "ALTER SYSTEM SET " + setting + " = on; SELECT pg_reload_conf()");
  }

  inline static const std::string kStart = "SELECT cdp_worker_start()";

  pg::RowSink sink_;
  pg::Spi spi_{pg::Spi::Mode::ReadOnly};
};

}  // namespace

}  // namespace cdp::worker

CDP_FUNCTION(cdp_health) {
  cdp::worker::Health(fcinfo).run();
  return Datum{0};
}
