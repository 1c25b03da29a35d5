#pragma once

#include "pg/server.hpp"

#include <memory_resource>
#include <new>
#include <utility>

namespace cdp::pg {

/// A std::pmr resource over a memory context: what containers allocate is freed with the context even if
/// their destructors never run. Throws bad_alloc where the server has no memory.
class ContextResource : public std::pmr::memory_resource {
 public:
  explicit ContextResource(MemoryContext context) : context_(context) {}

 private:
  void* do_allocate(size_t bytes, size_t alignment) override;
  void do_deallocate(void* memory, size_t bytes, size_t alignment) override;
  bool do_is_equal(const memory_resource& other) const noexcept override { return this == &other; }

  MemoryContext context_;
};

/// A memory context that lives as long as this object. Inside, `use()` makes it the current one.
class Arena {
 public:
  explicit Arena(const char* name);
  ~Arena();
  Arena(const Arena&) = delete;
  Arena& operator=(const Arena&) = delete;

  MemoryContext context() const { return context_; }
  /// Frees all that was allocated in it.
  void reset();

 private:
  MemoryContext context_;
};

/// Makes a memory context the current one for the lifetime of this object.
class InContext {
 public:
  explicit InContext(MemoryContext context) : previous_(MemoryContextSwitchTo(context)) {}
  ~InContext() { MemoryContextSwitchTo(previous_); }
  InContext(const InContext&) = delete;
  InContext& operator=(const InContext&) = delete;

 private:
  MemoryContext previous_;
};

/// Makes a C++ object that is destroyed when `context` is reset or deleted.
template <class T, class... Args>
T* make_in(MemoryContext context, Args&&... args);

namespace detail {
/// Room for an object and the callback that destroys it; throws bad_alloc.
void* allocate_with_callback(MemoryContext context, size_t size, MemoryContextCallback** callback);
}  // namespace detail

template <class T, class... Args>
T* make_in(MemoryContext context, Args&&... args) {
  static_assert(alignof(T) <= MAXIMUM_ALIGNOF);
  MemoryContextCallback* callback = nullptr;
  void* memory = detail::allocate_with_callback(context, sizeof(T), &callback);
  T* object = new (memory) T(std::forward<Args>(args)...);
  callback->func = [](void* made) { static_cast<T*>(made)->~T(); };
  callback->arg = object;
  MemoryContextRegisterResetCallback(context, callback);
  return object;
}

}  // namespace cdp::pg
