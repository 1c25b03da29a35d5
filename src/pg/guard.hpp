#pragma once

#include "pg/server.hpp"

#include <exception>
#include <type_traits>
#include <utility>

struct ResourceOwnerData;

namespace cdp::pg {

/// Frees what call_catching returned; nullptr is fine.
void free_error(ErrorData* error) noexcept;

/// An error that the server raised below C++ code, with all its fields. The transaction is doomed: it may
/// be caught to clean up, and must be thrown on unless a subtransaction was rolled back (Subtransaction).
class ServerError : public std::exception {
 public:
  /// Takes over `data`, which call_catching returned.
  explicit ServerError(ErrorData* data) noexcept : data_(data) {}
  ServerError(ServerError&& other) noexcept : data_(std::exchange(other.data_, nullptr)) {}
  ServerError& operator=(ServerError&&) = delete;
  ~ServerError() override { free_error(data_); }

  const ErrorData* data() const { return data_; }
  int sqlstate() const { return data_->sqlerrcode; }
  const char* what() const noexcept override { return data_->message ? data_->message : "server error"; }

  /// Hands the data to the caller, who passes it to free_error; this object is not read afterwards.
  ErrorData* release() noexcept { return std::exchange(data_, nullptr); }

 private:
  ErrorData* data_;
};

/// Calls `function(argument)`; returns the error it raised, or nullptr. Restores the memory context. The
/// error belongs to the caller and outlives every memory context of the statement: free_error ends it. What
/// `function` throws in C++ passes through.
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

/// Opens a subtransaction at construction; rolls it back at destruction unless commit() was called. Rows,
/// Cursors and Spi objects made inside must end inside: a rollback frees what they point to.
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
