#include "segment/user_set.hpp"

namespace cdp::segment {

UserSet& UserSet::operator&=(const UserSet& other) {
  if (!is_complement_ && !other.is_complement_) {
    users_ &= other.users_;
  } else if (!is_complement_) {
    users_ -= other.users_;
  } else if (other.is_complement_) {
    users_ |= other.users_;
  } else {
    bitmap::Bitmap left = other.users_;
    left -= users_;
    users_ = std::move(left);
    is_complement_ = false;
  }
  return *this;
}

UserSet& UserSet::operator|=(const UserSet& other) {
  if (!is_complement_ && !other.is_complement_) {
    users_ |= other.users_;
  } else if (is_complement_ && !other.is_complement_) {
    users_ -= other.users_;
  } else if (is_complement_) {
    users_ &= other.users_;
  } else {
    bitmap::Bitmap missing = other.users_;
    missing -= users_;
    users_ = std::move(missing);
    is_complement_ = true;
  }
  return *this;
}

UserSet UserSet::operator~() const& { return ~UserSet(*this); }

UserSet UserSet::operator~() && {
  is_complement_ = !is_complement_;
  return std::move(*this);
}

bitmap::Bitmap UserSet::resolve(const std::function<const bitmap::Bitmap&()>& all_users) && {
  if (!is_complement_) return std::move(users_);
  bitmap::Bitmap users = all_users();
  users -= users_;
  return users;
}

}  // namespace cdp::segment
