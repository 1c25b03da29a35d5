/// The module's entry point: it stands on the top floor, since loading loads every room.

#include "base/interrupt.hpp"
#include "bitmap/load.hpp"
#include "decision/load.hpp"
#include "event/load.hpp"
#include "pg/boundary.hpp"
#include "pg/clock.hpp"
#include "pg/compat.hpp"
#include "pg/guard.hpp"
#include "segment/load.hpp"
#include "session/load.hpp"
#include "timeline/load.hpp"
#include "worker/load.hpp"

extern "C" {
#include <utils/guc.h>

CDP_MODULE_MAGIC;

PGDLLEXPORT void _PG_init(void);

void _PG_init(void) {
  cdp::pg::enter(
      [](void*) {
        cdp::set_interrupt_check(cdp::pg::check_for_server_interrupts);
        cdp::bitmap::load();  // refuses what cannot work, so nothing is declared before
        cdp::pg::declare_clock();
        cdp::event::load();
        cdp::timeline::load();
        cdp::session::load();
        cdp::segment::load();
        cdp::decision::load();
        cdp::worker::load();
        cdp::pg::guard([] { MarkGUCPrefixReserved("cdp"); });
      },
      nullptr);
}
}
