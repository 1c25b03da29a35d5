#include "pg/server.hpp"

#include "decision/decision_log.hpp"
#include "decision/settings.hpp"
#include "pg/guard.hpp"
#include "pg/spi.hpp"

extern "C" {
#include <access/xact.h>
#include <access/xlog.h>
#include <utils/guc.h>
}

namespace cdp::decision {

namespace {

/// What this transaction wrote, by the end of the connection's last WAL record: 0 as long as there is none.
struct Written {
  bool is_registered;
  bool has_decisions;
  bool only_decisions;
  XLogRecPtr end;
};
Written written{};

void ease_commit(XactEvent event, void* /*argument*/) {
  if (event == XACT_EVENT_PRE_PREPARE) return;
  if (event != XACT_EVENT_PRE_COMMIT) {
    written.has_decisions = false;
    return;
  }
  if (written.has_decisions && written.only_decisions && XactLastRecEnd == written.end &&
      synchronous_commit > SYNCHRONOUS_COMMIT_OFF)
    (void)set_config_option("synchronous_commit", "off", PGC_USERSET, PGC_S_SESSION, GUC_ACTION_LOCAL, true,
                            0, false);
}

void before_write() {
  if (!written.is_registered) {
    pg::guard([] { RegisterXactCallback(ease_commit, nullptr); });
    written.is_registered = true;
  }
  if (!written.has_decisions)
    written.only_decisions = XactLastRecEnd == 0;
  else if (XactLastRecEnd != written.end)
    written.only_decisions = false;
}

void after_write() {
  written.has_decisions = true;
  written.end = XactLastRecEnd;
}

const char* name_of(Strategy strategy) {
  switch (strategy) {
    case Strategy::Random:
      return "random";
    case Strategy::Latest:
      return "latest";
    case Strategy::Bandit:
      return "bandit";
  }
  return "";
}

}  // namespace

bool can_log() {
  return logs_decisions() && !pg::guard([] { return XactReadOnly || RecoveryInProgress(); });
}

int64_t log_decision(pg::Spi& spi, const LogEntry& entry, const pg::Bound& context) {
  static pg::Query known(
      "INSERT INTO cdp.decision (user_id, user_no, placement, creative, position, strategy, score, "
      "propensity,"
      " context, decided_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) RETURNING decision_id");
  static pg::Query unknown(
      "INSERT INTO cdp.decision (user_id, user_no, placement, creative, position, strategy, score, "
      "propensity,"
      " context, decided_at) VALUES ($1,"
      " (SELECT i.user_no FROM cdp.identity i WHERE i.kind = 'user_id' AND i.value = $1),"
      " $2, $3, $4, $5, $6, $7, $8, $9) RETURNING decision_id");
  before_write();
  int64_t decision_id = 0;
  if (entry.is_user_looked_up)
    decision_id = known(spi, entry.user_id, entry.user_no, entry.placement, entry.creative, entry.position,
                        name_of(entry.strategy), entry.score, entry.propensity, context, entry.decided_at)
                      .bigint(0, 0);
  else
    decision_id = unknown(spi, entry.user_id, entry.placement, entry.creative, entry.position,
                          name_of(entry.strategy), entry.score, entry.propensity, context, entry.decided_at)
                      .bigint(0, 0);
  after_write();
  return decision_id;
}

}  // namespace cdp::decision
