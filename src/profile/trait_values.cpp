#include "profile/trait_values.hpp"

#include <algorithm>
#include <utility>

namespace cdp::profile {

namespace {

/// Equal for equal values alone. Of a text, a number or a boolean.
std::string key_of(const Json& value, bool is_element) {
  std::string key(1, is_element ? 'e' : 'v');
  if (const std::string* text = value.string()) return key + 't' + *text;
  if (const bool* truth = value.boolean()) return key + (*truth ? "b1" : "b0");
  std::string digits = value.number()->to_string();
  if (digits.find('.') != std::string::npos) {
    digits.erase(digits.find_last_not_of('0') + 1);
    if (digits.back() == '.') digits.pop_back();
  }
  return key + 'n' + (digits == "-0" ? "0" : digits);
}

bool is_scalar(const Json& value) {
  return value.string() != nullptr || value.boolean() != nullptr || value.number() != nullptr;
}

}  // namespace

void TraitValues::add(Entry entry) {
  last_ = std::max(last_, entry.number);
  if (is_number(entry)) ++numbers_;
  by_key_.emplace(key_of(entry.value, entry.is_element), entry.number);
  entries_.emplace(entry.number, std::move(entry));
}

void TraitValues::load(Entry entry) {
  entry.stored_chunks = entry.chunks;
  add(std::move(entry));
}

int64_t TraitValues::number_of(const Json& value, bool is_element) {
  const auto known = by_key_.find(key_of(value, is_element));
  if (known != by_key_.end()) return known->second;
  add({last_ + 1, value, is_element, 0, 0});
  return last_;
}

void TraitValues::erase(int64_t number) {
  const auto found = entries_.find(number);
  if (is_number(found->second)) --numbers_;
  by_key_.erase(key_of(found->second.value, found->second.is_element));
  entries_.erase(found);
}

std::vector<int64_t> TraitValues::stop_listing() {
  lists_numbers_ = false;
  std::vector<int64_t> numbers;
  for (const auto& [number, entry] : entries_)
    if (is_number(entry)) numbers.push_back(number);
  for (const int64_t number : numbers) erase(number);
  return numbers;
}

void TraitChunk::add(uint32_t user, const Json& value, TraitValues& values) {
  if (value.is_null()) return;
  const auto add_to = [&](int64_t number) {
    std::vector<uint32_t>& of_value = users[number];
    // An array may have an element twice.
    if (of_value.empty() || of_value.back() != user) of_value.push_back(user);
  };
  add_to(0);
  if (const Json::Array* elements = value.array()) {
    for (const Json& element : *elements)
      if (is_scalar(element)) add_to(values.number_of(element, true));
    return;
  }
  if (value.number() != nullptr) {
    numbers.push_back({user, *value.number()});
    if (!values.lists_numbers()) return;
  }
  if (is_scalar(value)) add_to(values.number_of(value, false));
}

}  // namespace cdp::profile
