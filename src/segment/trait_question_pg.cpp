#include "base/error.hpp"
#include "base/interrupt.hpp"
#include "bitmap/bsi.hpp"
#include "pg/index_lookup.hpp"
#include "pg/memory.hpp"
#include "profile/number_slices.hpp"
#include "profile/trait_writer_pg.hpp"
#include "rule/compare.hpp"
#include "segment/trait_question.hpp"

#include <algorithm>
#include <functional>
#include <utility>
#include <vector>

namespace cdp::segment {

namespace {

using rule::Operator;
using rule::Test;

/// The columns of cdp.trait_value, cdp.trait_chunk and cdp.trait_number.
enum ValueColumn : uint8_t { kValueIndex, kValueNo, kIsElement, kValue };
enum ChunkColumn : uint8_t { kChunkIndex, kChunkValue, kChunkNo, kChunkUsers };
enum NumberColumn : uint8_t { kNumberIndex, kNumberChunk, kNumberScale, kNumberSlices, kNumberOthers };

/// Up to so many listed numbers are united; more are found by bit slices.
constexpr size_t kFewNumbers = 16;

constexpr int64_t kPresence = 0;

/// Who has one of these values of an index.
bitmap::Bitmap users_by_rows(int64_t index_no, const std::vector<int64_t>& values, pg::Sees sees) {
  std::vector<bitmap::Bitmap> sets;
  if (values.empty()) return {};
  pg::IndexLookup rows("cdp", "trait_chunk", "trait_chunk_pkey", sees);
  pg::Arena arena("cdp trait chunk");
  for (const int64_t value : values) {
    check_interrupts();
    rows.find(
        [&](const pg::StoredRow& row) {
          arena.reset();
          const pg::InContext in_arena(arena.context());
          sets.push_back(bitmap::Bitmap::from_bytes(pg::bytes_of(row.datum(kChunkUsers))));
        },
        index_no, value);
  }
  return bitmap::Bitmap::union_of(sets);
}

/// The question of one test to one index.
class Question {
 public:
  Question(const profile::TraitIndex& index, const Test& test, pg::Sees sees)
      : index_(index), test_(test), sees_(sees) {}

  UserSet answer() {
    const Operator positive = rule::positive_of(test_.op);
    if (test_.op == Operator::IsNotNull) return UserSet(present());
    if (test_.op == Operator::IsNull) return UserSet::everyone_but(present());
    const bool is_negative = positive != test_.op;
    if (is_negative && std::any_of(test_.operands.begin(), test_.operands.end(),
                                   [](const Json& operand) { return operand.is_null(); }))
      return {};
    test_.op = positive;
    bitmap::Bitmap users = holding();
    if (!is_negative) return UserSet(std::move(users));
    bitmap::Bitmap others = present();
    others -= users;
    return UserSet(std::move(others));
  }

 private:
  bitmap::Bitmap present() { return users_of({kPresence}); }

  /// Of the positive test.
  bitmap::Bitmap holding() {
    if (test_.op == Operator::Equal || test_.op == Operator::In) return equal_to_any(false);
    const bool is_about_numbers =
        std::all_of(test_.operands.begin(), test_.operands.end(),
                    [](const Json& operand) { return operand.number() != nullptr; });
    if (test_.op == Operator::Contains) {
      bitmap::Bitmap users = equal_to_any(true);
      if (test_.operands.front().string() != nullptr) users |= users_of(values_where(false));
      return users;
    }
    if (!is_about_numbers || test_.op == Operator::Like || test_.op == Operator::ILike)
      return users_of(values_where(false));
    if (index_.lists_numbers) {
      const std::vector<int64_t> listed = values_where(false);
      if (listed.size() <= kFewNumbers) return users_of(listed);
    }
    return by_slices(test_);
  }

  /// Who has the value of an operand, as a whole or as an element.
  bitmap::Bitmap equal_to_any(bool as_element) {
    std::vector<int64_t> values;
    bitmap::Bitmap users;
    for (const Json& operand : test_.operands) {
      if (operand.is_null()) continue;
      if (operand.number() != nullptr && !as_element && !index_.lists_numbers)
        users |= by_slices(Test{Operator::Equal, {operand}});
      else
        find_value(operand, as_element, values);
    }
    std::sort(values.begin(), values.end());
    values.erase(std::unique(values.begin(), values.end()), values.end());
    if (!values.empty()) users |= users_of(values);
    return users;
  }

  void find_value(const Json& value, bool as_element, std::vector<int64_t>& found) {
    pg::IndexLookup rows("cdp", "trait_value", "trait_value_hash", sees_);
    rows.find(
        [&](const pg::StoredRow& row) {
          if (row.boolean(kIsElement) == as_element && row.json(kValue) == value)
            found.push_back(row.bigint(kValueNo));
        },
        index_.number, static_cast<int64_t>(hash_of(value)));
  }

  /// The values, or elements, of which the test holds; ascending.
  std::vector<int64_t> values_where(bool as_element) {
    std::vector<int64_t> found;
    pg::IndexLookup rows("cdp", "trait_value", "trait_value_pkey", sees_);
    pg::Arena arena("cdp trait values");
    rows.seek_up(index_.number, INT64_MIN);
    while (const auto row = rows.next()) {
      check_interrupts();
      arena.reset();
      const pg::InContext in_arena(arena.context());
      if (row->boolean(kIsElement) != as_element) continue;
      const Json value = row->json(kValue);
      if (rule::holds(test_, &value)) found.push_back(row->bigint(kValueNo));
    }
    return found;
  }

  /// Who has one of these values.
  bitmap::Bitmap users_of(const std::vector<int64_t>& values) {
    return users_by_rows(index_.number, values, sees_);
  }

  /// Whose number passes a positive test of numbers.
  bitmap::Bitmap by_slices(const Test& test) {
    std::vector<bitmap::Bitmap> sets;
    bitmap::Bitmap others;
    pg::IndexLookup rows("cdp", "trait_number", "trait_number_pkey", sees_);
    pg::Arena arena("cdp trait numbers");
    rows.seek_up(index_.number, int64_t{0});
    while (const auto row = rows.next()) {
      check_interrupts();
      arena.reset();
      const pg::InContext in_arena(arena.context());
      const bitmap::BsiReader numbers(pg::bytes_of(row->datum(kNumberSlices)));
      sets.push_back(passing(numbers, row->integer(kNumberScale), test));
      for (const profile::UserNumber& other : profile::user_numbers_of(row->json(kNumberOthers))) {
        const Json value(other.number);
        if (rule::holds(test, &value)) others.add(other.user);
      }
    }
    others |= bitmap::Bitmap::union_of(sets);
    return others;
  }

  static bitmap::Bitmap passing(const bitmap::BsiReader& numbers, int32_t scale, const Test& test) {
    using bitmap::Comparison;
    const auto comparing = [&](Comparison comparison, size_t operand) {
      return profile::users_comparing(numbers, scale, comparison, *test.operands[operand].number());
    };
    switch (test.op) {
      case Operator::Equal:
        return comparing(Comparison::Equal, 0);
      case Operator::Less:
        return comparing(Comparison::Less, 0);
      case Operator::LessEqual:
        return comparing(Comparison::LessOrEqual, 0);
      case Operator::Greater:
        return comparing(Comparison::Greater, 0);
      case Operator::GreaterEqual:
        return comparing(Comparison::GreaterOrEqual, 0);
      case Operator::Between:
        return comparing(Comparison::GreaterOrEqual, 0) &= comparing(Comparison::LessOrEqual, 1);
      default:
        throw Error(Category::Internal, "operator of a rule has no order");
    }
  }

  const profile::TraitIndex& index_;
  Test test_;
  pg::Sees sees_;
};

}  // namespace

UserSet users_where(const profile::TraitIndex& index, const Test& test, pg::Sees sees) {
  return Question(index, test, sees).answer();
}

bitmap::Bitmap indexed_users(pg::Sees sees) { return users_by_rows(0, {kPresence}, sees); }

bitmap::Bitmap changed_users(pg::Sees sees) {
  std::vector<uint32_t> users;
  pg::IndexLookup rows("cdp", "changed_profile", "changed_profile_user_no", sees);
  rows.seek_up(int64_t{0});
  while (const auto row = rows.next()) users.push_back(static_cast<uint32_t>(row->bigint(0)));
  return bitmap::Bitmap::of(users);
}

}  // namespace cdp::segment
