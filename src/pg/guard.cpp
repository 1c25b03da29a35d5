#include "pg/guard.hpp"

extern "C" {
#include <access/xact.h>
#include <utils/resowner.h>
}

namespace cdp::pg {

ErrorData* call_catching(void (*function)(void*), void* argument) {
  MemoryContext context = CurrentMemoryContext;
  ErrorData* volatile error = nullptr;
  PG_TRY();
  { function(argument); }
  PG_CATCH();
  {
    MemoryContextSwitchTo(context);
    error = CopyErrorData();
    FlushErrorState();
  }
  PG_END_TRY();
  return error;
}

Subtransaction::Subtransaction() : context_(CurrentMemoryContext), owner_(CurrentResourceOwner) {
  guard([&] {
    BeginInternalSubTransaction(nullptr);
    MemoryContextSwitchTo(context_);
  });
  is_open_ = true;
}

void Subtransaction::commit() {
  guard([&] {
    ReleaseCurrentSubTransaction();
    MemoryContextSwitchTo(context_);
  });
  CurrentResourceOwner = owner_;
  is_open_ = false;
}

Subtransaction::~Subtransaction() {
  if (!is_open_) return;
  RollbackAndReleaseCurrentSubTransaction();
  MemoryContextSwitchTo(context_);
  CurrentResourceOwner = owner_;
}

void check_for_server_interrupts() {
  if (INTERRUPTS_PENDING_CONDITION()) guard([] { CHECK_FOR_INTERRUPTS(); });
}

}  // namespace cdp::pg
