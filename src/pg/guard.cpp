#include "pg/guard.hpp"

extern "C" {
#include <access/xact.h>
#include <utils/resowner.h>
}

namespace cdp::pg {

namespace {

/// Stands for an error that there was no memory to copy.
ErrorData out_of_memory;

/// The error on top of the server's stack, copied into a memory context of its own: unwinding deletes the
/// statement's contexts (an Arena, SPI's), and FreeErrorData alone would leave names of files and functions.
/// Called from PG_CATCH, where a failure to copy must not jump over the C++ frames above.
ErrorData* copy_current_error() {
  ErrorData* volatile copy = nullptr;
  PG_TRY();
  {
    MemoryContextSwitchTo(AllocSetContextCreateInternal(TopMemoryContext, "cdp error", ALLOCSET_SMALL_SIZES));
    copy = CopyErrorData();
  }
  PG_CATCH();
  {
    out_of_memory = ErrorData{};
    out_of_memory.elevel = ERROR;
    out_of_memory.output_to_server = true;
    out_of_memory.output_to_client = true;
    out_of_memory.sqlerrcode = ERRCODE_OUT_OF_MEMORY;
    out_of_memory.message = const_cast<char*>("out of memory while reporting an error");
    copy = &out_of_memory;
  }
  PG_END_TRY();
  return copy;
}

}  // namespace

ErrorData* call_catching(void (*function)(void*), void* argument) {
  MemoryContext context = CurrentMemoryContext;
  sigjmp_buf* const outer_handler = PG_exception_stack;
  ErrorContextCallback* const outer_callbacks = error_context_stack;
  ErrorData* volatile error = nullptr;
  PG_TRY();
  {
    try {
      function(argument);
    } catch (...) {  // a guard within the callable threw: the server must not jump to this frame any more
      PG_exception_stack = outer_handler;
      error_context_stack = outer_callbacks;
      MemoryContextSwitchTo(context);
      throw;
    }
  }
  PG_CATCH();
  {
    // ErrorContext is current here; what is left of the statement's context may be full.
    error = copy_current_error();
    MemoryContextSwitchTo(context);
    FlushErrorState();
  }
  PG_END_TRY();
  return error;
}

void free_error(ErrorData* error) noexcept {
  if (error != nullptr && error != &out_of_memory) MemoryContextDelete(GetMemoryChunkContext(error));
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
  ErrorData* error = call_catching([](void*) { RollbackAndReleaseCurrentSubTransaction(); }, nullptr);
  // Neither a throw nor a jump may leave a destructor, and nothing can go on over a half-done rollback.
  if (error != nullptr) elog(FATAL, "rollback of a subtransaction failed: %s", error->message);
  MemoryContextSwitchTo(context_);
  CurrentResourceOwner = owner_;
}

void check_for_server_interrupts() {
  if (INTERRUPTS_PENDING_CONDITION()) guard([] { CHECK_FOR_INTERRUPTS(); });
}

}  // namespace cdp::pg
