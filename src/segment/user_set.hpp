#pragma once

#include "bitmap/bitmap.hpp"

#include <functional>
#include <utility>

namespace cdp::segment {

/// A set of users, as its elements or as all users but some: who all users are need not be known until the
/// end.
class UserSet {
 public:
  /// No users.
  UserSet() = default;
  explicit UserSet(bitmap::Bitmap users) : users_(std::move(users)) {}
  static UserSet everyone() { return everyone_but({}); }
  static UserSet everyone_but(bitmap::Bitmap users) {
    UserSet set(std::move(users));
    set.is_complement_ = true;
    return set;
  }

  UserSet& operator&=(const UserSet& other);
  UserSet& operator|=(const UserSet& other);
  UserSet operator~() const&;
  UserSet operator~() &&;

  /// Certainly no users?
  bool is_nobody() const { return !is_complement_ && users_.is_empty(); }
  bool is_everyone() const { return is_complement_ && users_.is_empty(); }

  /// The elements; `all_users` gives the set of all users, and is asked only where that is needed.
  bitmap::Bitmap resolve(const std::function<const bitmap::Bitmap&()>& all_users) &&;

 private:
  bitmap::Bitmap users_;
  bool is_complement_ = false;  ///< users_ are those that do not belong
};

/// For whom something is true, as far as that is known.
struct KnownUsers {
  UserSet surely;    ///< it is true of them
  UserSet possibly;  ///< it is true of no others; has all of `surely`

  static KnownUsers nothing() { return {UserSet(), UserSet::everyone()}; }
  static KnownUsers exactly(const UserSet& users) { return {users, users}; }
};

}  // namespace cdp::segment
