/// The module's entry point: it stands on the top floor, since loading loads every room.

#include "base/interrupt.hpp"
#include "decision/load.hpp"
#include "pg/compat.hpp"
#include "pg/guard.hpp"

extern "C" {
CDP_MODULE_MAGIC;

PGDLLEXPORT void _PG_init(void);

void _PG_init(void) {
  cdp::set_interrupt_check(cdp::pg::check_for_server_interrupts);
  cdp::decision::load();
}
}
