#include "pg/boundary.hpp"

#include "base/error.hpp"
#include "pg/guard.hpp"

#include <cstring>
#include <new>

extern "C" {
#include <mb/pg_wchar.h>
}

namespace cdp::pg {

namespace {

/// What is carried out of a catch block: plain data only.
struct Failure {
  bool has_failed = false;
  ErrorData* server_error = nullptr;
  int sqlstate = 0;
  const char* message = nullptr;
  const char* detail = nullptr;
  const char* hint = nullptr;
};

int sqlstate_of(Category category) {
  switch (category) {
    case Category::BadText:
      return ERRCODE_INVALID_TEXT_REPRESENTATION;
    case Category::BadBinary:
      return ERRCODE_INVALID_BINARY_REPRESENTATION;
    case Category::BadValue:
      return ERRCODE_INVALID_PARAMETER_VALUE;
    case Category::OutOfRange:
      return ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE;
    case Category::NotFound:
      return ERRCODE_UNDEFINED_OBJECT;
    case Category::Duplicate:
      return ERRCODE_DUPLICATE_OBJECT;
    case Category::InUse:
      return ERRCODE_DEPENDENT_OBJECTS_STILL_EXIST;
    case Category::State:
      return ERRCODE_OBJECT_NOT_IN_PREREQUISITE_STATE;
    case Category::Forbidden:
      return ERRCODE_INSUFFICIENT_PRIVILEGE;
    case Category::Limit:
      return ERRCODE_PROGRAM_LIMIT_EXCEEDED;
    case Category::Corrupt:
      return ERRCODE_DATA_CORRUPTED;
    case Category::Cancelled:
      return ERRCODE_QUERY_CANCELED;
    case Category::Internal:
      return ERRCODE_INTERNAL_ERROR;
  }
  return ERRCODE_INTERNAL_ERROR;
}

/// Replaces bytes that the database's encoding does not know, which would fail again on the way out.
void make_printable(char* text, size_t size) {
  const int encoding = GetDatabaseEncoding();
  size_t checked = 0;
  while (checked < size) {
    checked += pg_encoding_verifymbstr(encoding, text + checked, static_cast<int>(size - checked));
    if (checked < size) text[checked++] = '?';
  }
}

/// A copy in the current memory context; nullptr for an empty text, `fallback` where memory is out.
const char* copied(const std::string& text, const char* fallback) {
  if (text.empty()) return nullptr;
  void* copy = MemoryContextAllocExtended(CurrentMemoryContext, text.size() + 1, MCXT_ALLOC_NO_OOM);
  if (copy == nullptr) return fallback;
  std::memcpy(copy, text.c_str(), text.size() + 1);
  make_printable(static_cast<char*>(copy), text.size());
  return static_cast<const char*>(copy);
}

void describe_current_exception(Failure* failure) {
  failure->has_failed = true;
  try {
    throw;
  } catch (ServerError& error) {
    failure->server_error = error.release();
  } catch (const Error& error) {
    failure->sqlstate = sqlstate_of(error.category());
    failure->message = copied(error.message(), "out of memory while reporting an error");
    failure->detail = copied(error.detail(), nullptr);
    failure->hint = copied(error.hint(), nullptr);
  } catch (const std::bad_alloc&) {
    failure->sqlstate = ERRCODE_OUT_OF_MEMORY;
    failure->message = "out of memory";
  } catch (const std::exception& error) {
    failure->sqlstate = ERRCODE_INTERNAL_ERROR;
    failure->message = copied(error.what(), "unexpected exception");
  } catch (...) {
    failure->sqlstate = ERRCODE_INTERNAL_ERROR;
    failure->message = "unexpected exception of unknown type";
  }
}

[[noreturn]] void raise(const Failure& failure) {
  if (failure.server_error != nullptr) {
    // ReThrowError copies and jumps, so its argument is freed when the next one is handed over.
    static ErrorData* handed_over = nullptr;
    free_error(handed_over);
    handed_over = failure.server_error;
    ReThrowError(handed_over);
  }
  ereport(ERROR,
          (errcode(failure.sqlstate), errmsg_internal("%s", failure.message ? failure.message : "error"),
           failure.detail ? errdetail_internal("%s", failure.detail) : 0,
           failure.hint ? errhint("%s", failure.hint) : 0));
  pg_unreachable();
}

}  // namespace

Datum enter(FunctionCallInfo fcinfo, Body body) {
  Failure failure;
  Datum result = 0;
  MemoryContext context = CurrentMemoryContext;
  try {
    result = body(fcinfo);
  } catch (...) {
    MemoryContextSwitchTo(context);
    describe_current_exception(&failure);
  }
  if (failure.has_failed) raise(failure);
  return result;
}

void enter(void (*body)(void*), void* argument) {
  Failure failure;
  MemoryContext context = CurrentMemoryContext;
  try {
    body(argument);
  } catch (...) {
    MemoryContextSwitchTo(context);
    describe_current_exception(&failure);
  }
  if (failure.has_failed) raise(failure);
}

}  // namespace cdp::pg
