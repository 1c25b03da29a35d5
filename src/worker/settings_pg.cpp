#include "pg/guard.hpp"
#include "worker/load.hpp"
#include "worker/start_pg.hpp"

extern "C" {
#include <postmaster/bgworker.h>
#include <utils/guc.h>
}

namespace cdp::worker {

namespace {

int poll_interval = 250;
int batch_messages = 100000;
int batch_bytes_setting = 32 * 1024 * 1024;
int batch_time_ms = 1000;
bool read_ahead = true;
int pack_interval_seconds = 3600;
int refresh_timeout_ms = 30000;
int backfill_percent = 50;

void register_launcher() {
  BackgroundWorker launcher = {};
  launcher.bgw_flags = BGWORKER_SHMEM_ACCESS | BGWORKER_BACKEND_DATABASE_CONNECTION;
  launcher.bgw_start_time = BgWorkerStart_RecoveryFinished;
  launcher.bgw_restart_time = 5;
  strlcpy(launcher.bgw_library_name, "cdp", sizeof launcher.bgw_library_name);
  strlcpy(launcher.bgw_function_name, "cdp_launcher_main", sizeof launcher.bgw_function_name);
  strlcpy(launcher.bgw_name, "cdp launcher", sizeof launcher.bgw_name);
  strlcpy(launcher.bgw_type, "cdp launcher", sizeof launcher.bgw_type);
  RegisterBackgroundWorker(&launcher);
}

}  // namespace

void load() {
  pg::guard([] {
    DefineCustomIntVariable("cdp.poll_interval", "Longest time between two looks of the worker at the inbox.",
                            "Commits of cdp_track and COPY cdp.inbox wake it at once; this is for the rest.",
                            &poll_interval, 250, 100, 60000, PGC_SIGHUP, GUC_UNIT_MS, nullptr, nullptr,
                            nullptr);
    DefineCustomIntVariable("cdp.batch_size", "Most messages that the worker takes in one transaction.",
                            nullptr, &batch_messages, 100000, 1, 1000000, PGC_SIGHUP, 0, nullptr, nullptr,
                            nullptr);
    DefineCustomIntVariable(
        "cdp.batch_bytes", "Most bytes of messages that the worker takes in one transaction.",
        "Passed by at most one message. cdp_process() too takes no more than this into memory at once.",
        &batch_bytes_setting, 32 * 1024 * 1024, 64 * 1024, 1024 * 1024 * 1024, PGC_SIGHUP, GUC_UNIT_BYTE,
        nullptr, nullptr, nullptr);
    DefineCustomIntVariable(
        "cdp.batch_time", "Time after which the worker commits, however many messages still wait.",
        "Foreseen by the speed of the messages before, so passed a little at times.", &batch_time_ms, 1000,
        10, 600000, PGC_SIGHUP, GUC_UNIT_MS, nullptr, nullptr, nullptr);
    DefineCustomBoolVariable("cdp.read_ahead",
                             "Lets the worker read the JSON of the next messages in a thread of its own.",
                             "While the database works on those before.", &read_ahead, true, PGC_SIGHUP, 0,
                             nullptr, nullptr, nullptr);
    DefineCustomIntVariable("cdp.pack_interval", "How often the worker packs the events that came since.",
                            "0: never; cdp_pack() does it at once.", &pack_interval_seconds, 3600, 0,
                            30 * 86400, PGC_SIGHUP, GUC_UNIT_S, nullptr, nullptr, nullptr);
    DefineCustomIntVariable(
        "cdp.refresh_timeout",
        "Longest time for which the worker runs the query of a segment or a function of rules.",
        "Messages wait meanwhile; what takes longer is cancelled, and tried again at its next time. 0: no "
        "limit.",
        &refresh_timeout_ms, 30000, 0, 86400 * 1000, PGC_SIGHUP, GUC_UNIT_MS, nullptr, nullptr, nullptr);
    DefineCustomIntVariable(
        "cdp.backfill_share",
        "Share of the worker's time, in percent, that computing members in the background takes at most.",
        "What of segments is computed there: cdp.backfill_from.", &backfill_percent, 50, 1, 100, PGC_SIGHUP,
        0, nullptr, nullptr, nullptr);
    if (!process_shared_preload_libraries_in_progress) return;
    set_preloaded();
    if (!IsBinaryUpgrade) register_launcher();
  });
}

int poll_interval_ms() { return poll_interval; }
int64_t batch_size() { return batch_messages; }
int64_t batch_bytes() { return batch_bytes_setting; }
Micros pack_interval() { return pack_interval_seconds * kSecond; }
Micros refresh_timeout() { return refresh_timeout_ms * kMillisecond; }
int backfill_share() { return backfill_percent; }
bool reads_ahead() { return read_ahead; }
Micros batch_time() { return batch_time_ms * kMillisecond; }

}  // namespace cdp::worker
