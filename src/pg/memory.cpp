#include "pg/memory.hpp"

#include "pg/guard.hpp"

#include <new>

namespace cdp::pg {

namespace {

void* allocate_in(MemoryContext context, size_t bytes) {
  if (bytes > MaxAllocHugeSize) throw std::bad_alloc();  // the server would raise an error
  void* memory = MemoryContextAllocExtended(context, bytes, MCXT_ALLOC_NO_OOM | MCXT_ALLOC_HUGE);
  if (memory == nullptr) throw std::bad_alloc();
  return memory;
}

}  // namespace

void* ContextResource::do_allocate(size_t bytes, size_t alignment) {
  if (alignment > MAXIMUM_ALIGNOF) throw std::bad_alloc();
  return allocate_in(context_, bytes == 0 ? 1 : bytes);
}

void ContextResource::do_deallocate(void* memory, size_t /*bytes*/, size_t /*alignment*/) { pfree(memory); }

Arena::Arena(const char* name)
    : context_(guard([&] {
        return AllocSetContextCreateInternal(CurrentMemoryContext, name, ALLOCSET_DEFAULT_SIZES);
      })) {}

Arena::~Arena() { MemoryContextDelete(context_); }

void Arena::reset() { MemoryContextReset(context_); }

void* detail::allocate_with_callback(MemoryContext context, size_t size, MemoryContextCallback** callback) {
  *callback = static_cast<MemoryContextCallback*>(allocate_in(context, sizeof(MemoryContextCallback)));
  return allocate_in(context, size);
}

}  // namespace cdp::pg
