#pragma once

#include <exception>
#include <string>
#include <utility>

namespace cdp {

/// What kind of failure an Error is. The server layer maps each to one SQLSTATE.
enum class Category {
  BadText,     ///< text that does not follow its grammar (22P02)
  BadBinary,   ///< bytes that do not follow their format (22P03)
  BadValue,    ///< a well-formed value that is not allowed here (22023)
  OutOfRange,  ///< a number or time outside of its range (22003)
  NotFound,    ///< a name that stands for nothing (42704)
  Duplicate,   ///< a name that is taken (42710)
  InUse,       ///< something that others still depend on (2BP01)
  State,       ///< not possible in the present state (55000)
  Forbidden,   ///< not the caller's to do (42501)
  Limit,       ///< a documented limit is exceeded (54000)
  Corrupt,     ///< stored bytes are damaged (XX001)
  Cancelled,   ///< the interrupt check asked to stop (57014)
  Internal,    ///< an invariant of this code is broken (XX000)
};

/// The one exception of the core: a category, a message that names what and where, and optionally a
/// detail (the circumstances) and a hint (what to do).
class Error : public std::exception {
 public:
  Error(Category category, std::string message, std::string detail = {}, std::string hint = {})
      : category_(category),
        message_(std::move(message)),
        detail_(std::move(detail)),
        hint_(std::move(hint)) {}

  Category category() const noexcept { return category_; }
  const std::string& message() const noexcept { return message_; }
  const std::string& detail() const noexcept { return detail_; }
  const std::string& hint() const noexcept { return hint_; }
  const char* what() const noexcept override { return message_.c_str(); }

 private:
  Category category_;
  std::string message_;
  std::string detail_;
  std::string hint_;
};

}  // namespace cdp
