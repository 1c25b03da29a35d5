#pragma once

#include "bitmap/bitmap.hpp"
#include "profile/trait_index.hpp"
#include "rule/decide.hpp"
#include "rule/rule.hpp"
#include "segment/user_set.hpp"

#include <cstdint>
#include <optional>
#include <vector>

namespace cdp::pg {
enum class Sees : uint8_t;
}

namespace cdp::rule {
struct Bound;
}

namespace cdp::segment {

/// A rule as far as trait indexes answer it, by one snapshot. Sets of users leave changed() out, and mean
/// nothing of those. Reads what it is asked for, once.
class IndexedRule {
 public:
  /// Nothing but is_usable() may be asked for a rule with more than rule::kMostProfileConditions conditions
  /// about the profile.
  IndexedRule(const rule::BoundRule& rule, pg::Sees sees);

  /// Is there any index at all? If not, nothing else may be asked.
  bool is_usable() const { return is_usable_; }

  /// The conditions about the profile that have an index.
  rule::ProfileTruths indexed() const { return indexed_; }

  /// The users of whom such a condition holds.
  const UserSet& where(size_t condition);

  /// Of whom the rule is true as far as the indexes tell: `members` surely, `open` perhaps.
  struct Answer {
    bitmap::Bitmap members;
    bitmap::Bitmap open;
  };
  Answer answer();

  /// Users for whom the conditions about the profile have the same truths, as far as they are known; others
  /// that the rule does not depend on count as false.
  struct Part {
    rule::ProfileTruths truths = 0;
    rule::ProfileTruths known = 0;  ///< of which conditions
    bitmap::Bitmap users;
  };
  /// Parts `users` by the indexed conditions; nullopt for more than `most` parts.
  std::optional<std::vector<Part>> parts_of(bitmap::Bitmap users, size_t most);

  const bitmap::Bitmap& everyone();
  const bitmap::Bitmap& changed();

 private:
  KnownUsers evaluate(const rule::Bound& bound);
  KnownUsers combined(const rule::Bound& bound, bool is_or);

  const rule::BoundRule& rule_;
  pg::Sees sees_;
  bool is_usable_ = false;
  rule::ProfileTruths indexed_ = 0;
  std::vector<std::optional<profile::TraitIndex>> indexes_;  ///< by condition
  std::vector<std::optional<UserSet>> where_;                ///< by condition
  std::optional<bitmap::Bitmap> everyone_;
  std::optional<bitmap::Bitmap> changed_;
};

}  // namespace cdp::segment
