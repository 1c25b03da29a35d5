#pragma once

#include "pg/server.hpp"

#include <exception>
#include <type_traits>
#include <utility>

struct ResourceOwnerData;

namespace cdp::pg {

/// An error that the server raised below C++ code, with all its fields. The transaction is doomed: it may
/// be caught to clean up, and must be thrown on unless a subtransaction was rolled back (Subtransaction).
class ServerError : public std::exception {
 public:
  explicit ServerError(ErrorData* data) : data_(data) {}

  ErrorData* data() const { return data_; }
  int sqlstate() const { return data_->sqlerrcode; }
  const char* what() const noexcept override { return data_->message ? data_->message : "server error"; }

 private:
  ErrorData* data_;  // of the memory context that was current at the guard
};

/// Calls `function(argument)`; returns the error it raised, or nullptr. Restores the memory context.
ErrorData* call_catching(void (*function)(void*), void* argument);

/// Calls server code from C++: `guard([&] { return SearchSysCache1(…); })`. An ereport(ERROR) inside comes
/// out as ServerError, so that destructors run. The callable must keep only plain data in its own frame,
/// since the server leaves it by longjmp.
template <class F>
auto guard(F&& f) -> std::invoke_result_t<F&> {
  using Result = std::invoke_result_t<F&>;
  if constexpr (std::is_void_v<Result>) {
    ErrorData* error =
        call_catching([](void* callable) { (*static_cast<std::remove_reference_t<F>*>(callable))(); },
                      const_cast<void*>(static_cast<const void*>(&f)));
    if (error != nullptr) throw ServerError(error);
  } else {
    static_assert(std::is_trivially_destructible_v<Result> && std::is_default_constructible_v<Result>);
    struct Call {
      std::remove_reference_t<F>* callable;
      Result result;
    } call{&f, {}};
    ErrorData* error = call_catching(
        [](void* argument) {
          auto* plain = static_cast<Call*>(argument);
          plain->result = (*plain->callable)();
        },
        &call);
    if (error != nullptr) throw ServerError(error);
    return call.result;
  }
}

/// Runs `f` in a subtransaction. If it throws, everything it did in the database is rolled back and the
/// exception goes on, the transaction around being usable.
template <class F>
void in_subtransaction(F&& f);

/// Opens a subtransaction at construction; rolls it back at destruction unless commit() was called.
class Subtransaction {
 public:
  Subtransaction();
  ~Subtransaction();
  Subtransaction(const Subtransaction&) = delete;
  Subtransaction& operator=(const Subtransaction&) = delete;

  /// Keeps what was done.
  void commit();

 private:
  MemoryContext context_;
  ::ResourceOwnerData* owner_;
  bool is_open_ = false;
};

template <class F>
void in_subtransaction(F&& f) {
  Subtransaction subtransaction;
  f();
  subtransaction.commit();
}

/// The interrupt check of the server: throws ServerError if the statement was cancelled.
void check_for_server_interrupts();

}  // namespace cdp::pg
