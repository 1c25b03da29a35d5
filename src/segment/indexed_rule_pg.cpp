#include "base/interrupt.hpp"
#include "rule/plan.hpp"
#include "segment/indexed_rule.hpp"
#include "segment/trait_question.hpp"

#include <algorithm>
#include <utility>

namespace cdp::segment {

IndexedRule::IndexedRule(const rule::BoundRule& rule, pg::Sees sees) : rule_(rule), sees_(sees) {
  std::vector<profile::TraitIndex> indexes = profile::trait_indexes(sees);
  std::erase_if(indexes, [](const profile::TraitIndex& index) {
    return index.status != profile::TraitIndex::Status::Ready;
  });
  is_usable_ = !indexes.empty();
  const auto conditions = rule::profile_conditions(rule);
  indexes_.resize(conditions.size());
  where_.resize(conditions.size());
  for (size_t i = 0; i < std::min(conditions.size(), rule::kMostProfileConditions); ++i) {
    if (rule::users_of_condition(rule, i) != nullptr) {
      indexed_ |= rule::ProfileTruths{1} << i;
      continue;
    }
    const auto* comparison = conditions[i]->as<rule::Comparison>();
    if (comparison == nullptr) continue;
    const auto found = std::find_if(indexes.begin(), indexes.end(), [&](const profile::TraitIndex& index) {
      return index.path == comparison->path.names;
    });
    if (found == indexes.end()) continue;
    indexes_[i] = *found;
    indexed_ |= rule::ProfileTruths{1} << i;
  }
}

const UserSet& IndexedRule::where(size_t condition) {
  std::optional<UserSet>& users = where_[condition];
  if (users) return *users;
  if (const rule::UserSet* listed = rule::users_of_condition(rule_, condition)) {
    users = UserSet(listed->users());
  } else {
    const auto& comparison = *rule::profile_conditions(rule_)[condition]->as<rule::Comparison>();
    users = users_where(*indexes_[condition], comparison.test, sees_);
  }
  return *users;
}

const bitmap::Bitmap& IndexedRule::everyone() {
  if (!everyone_) everyone_ = indexed_users(sees_);
  return *everyone_;
}

const bitmap::Bitmap& IndexedRule::changed() {
  if (!changed_) changed_ = changed_users(sees_);
  return *changed_;
}

IndexedRule::Answer IndexedRule::answer() {
  KnownUsers known = evaluate(rule_.plan().root);
  UserSet open = std::move(known.possibly);
  open &= ~known.surely;
  const auto all_users = [this]() -> const bitmap::Bitmap& { return everyone(); };
  Answer answer{std::move(known.surely).resolve(all_users), std::move(open).resolve(all_users)};
  answer.members -= changed();
  answer.open -= changed();
  return answer;
}

KnownUsers IndexedRule::combined(const rule::Bound& bound, bool is_or) {
  KnownUsers all = KnownUsers::exactly(is_or ? UserSet() : UserSet::everyone());
  // What the indexes tell first: it may leave nothing to ask.
  for (const bool reads_history : {false, true}) {
    for (const rule::Bound& part : bound.parts) {
      if (part.reads_history != reads_history) continue;
      if (is_or ? all.surely.is_everyone() : all.possibly.is_nobody()) return all;
      const KnownUsers known = evaluate(part);
      if (is_or) {
        all.surely |= known.surely;
        all.possibly |= known.possibly;
      } else {
        all.surely &= known.surely;
        all.possibly &= known.possibly;
      }
    }
  }
  return all;
}

KnownUsers IndexedRule::evaluate(const rule::Bound& bound) {
  if (bound.node->as<rule::And>() != nullptr) return combined(bound, false);
  if (bound.node->as<rule::Or>() != nullptr) return combined(bound, true);
  if (bound.node->as<rule::Not>() != nullptr) {
    KnownUsers part = evaluate(bound.parts.front());
    return {~std::move(part.possibly), ~std::move(part.surely)};
  }
  if (const auto* constant = bound.node->as<rule::Constant>())
    return KnownUsers::exactly(constant->truth ? UserSet::everyone() : UserSet());
  if (bound.node->as<rule::InSegment>() != nullptr && bound.profile_condition < 0)
    return evaluate(bound.parts.front());
  if (bound.profile_condition < 0 || (indexed_ >> bound.profile_condition & 1) == 0)
    return KnownUsers::nothing();
  return KnownUsers::exactly(where(static_cast<size_t>(bound.profile_condition)));
}

std::optional<std::vector<IndexedRule::Part>> IndexedRule::parts_of(bitmap::Bitmap users,
                                                                    bitmap::Bitmap& unread) {
  struct Group {
    rule::ProfileTruths truths;
    rule::ProfileTruths known;  ///< of which conditions
    bitmap::Bitmap users;
  };
  std::vector<Part> parts;
  if (users.is_empty()) return parts;
  std::vector<Group> groups;
  groups.push_back({0, 0, std::move(users)});
  for (size_t i = 0; i < indexes_.size(); ++i) {
    const rule::ProfileTruths condition = rule::ProfileTruths{1} << i;
    if ((indexed_ & condition) == 0) continue;
    for (size_t at = 0, count = groups.size(); at < count; ++at) {
      check_interrupts();
      if ((rule::open_conditions(rule_, groups[at].truths, groups[at].known) & condition) == 0) continue;
      UserSet holding(groups[at].users);
      holding &= where(i);
      Group with{groups[at].truths | condition, groups[at].known | condition,
                 std::move(holding).resolve([this]() -> const bitmap::Bitmap& { return everyone(); })};
      groups[at].known |= condition;
      groups[at].users -= with.users;
      if (with.users.is_empty()) continue;
      if (groups[at].users.is_empty())
        groups[at] = std::move(with);
      else
        groups.push_back(std::move(with));
    }
    if (groups.size() > kMostParts) return std::nullopt;
  }
  for (Group& group : groups) {
    if (rule::open_conditions(rule_, group.truths, group.known) != 0)
      unread |= group.users;
    else
      parts.push_back({group.truths, std::move(group.users)});
  }
  return parts;
}

}  // namespace cdp::segment
