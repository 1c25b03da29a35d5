#pragma once

#include "base/json.hpp"
#include "profile/number_slices.hpp"

#include <cstdint>
#include <map>
#include <string>
#include <unordered_map>
#include <vector>

/// What the index of a trait has of a user's value.
namespace cdp::profile {

/// Different texts, booleans and elements of arrays that an index may have.
constexpr size_t kMostTraitTexts = 10000;
/// Different numbers that have bitmaps of their own.
constexpr size_t kMostListedNumbers = 1000;
constexpr int64_t kUsersPerTraitChunk = 65536;

/// The different values of a trait: texts, booleans and numbers as a whole, and those that are elements of
/// arrays.
class TraitValues {
 public:
  struct Entry {
    int64_t number = 0;  ///< from 1
    Json value;
    bool is_element = false;
    int64_t chunks = 0;         ///< how many chunks have users of this value
    int64_t stored_chunks = 0;  ///< as last stored; 0 for an entry that is not
  };

  explicit TraitValues(bool lists_numbers) : lists_numbers_(lists_numbers) {}

  /// Takes in an entry that is stored.
  void load(Entry entry);

  /// The number of a value, which becomes an entry if it is none.
  int64_t number_of(const Json& value, bool is_element);

  Entry& at(int64_t number) { return entries_.at(number); }
  /// By number.
  const std::map<int64_t, Entry>& entries() const { return entries_; }
  /// Forgets an entry.
  void erase(int64_t number);

  /// Are whole numbers entries? No longer once there are more than kMostListedNumbers: stop_listing() then
  /// takes them out and returns their numbers.
  bool lists_numbers() const { return lists_numbers_; }
  std::vector<int64_t> stop_listing();

  size_t texts() const { return entries_.size() - numbers_; }
  size_t numbers() const { return numbers_; }

 private:
  static bool is_number(const Entry& entry) { return !entry.is_element && entry.value.number() != nullptr; }
  void add(Entry entry);

  bool lists_numbers_;
  size_t numbers_ = 0;
  int64_t last_ = 0;
  std::map<int64_t, Entry> entries_;
  std::unordered_map<std::string, int64_t> by_key_;
};

/// What one chunk of an index has of some users.
struct TraitChunk {
  /// Users by the number of a value, ascending; 0 for all that have one.
  std::map<int64_t, std::vector<uint32_t>> users;
  std::vector<UserNumber> numbers;

  /// Users ascend.
  void add(uint32_t user, const Json& value, TraitValues& values);
};

}  // namespace cdp::profile
