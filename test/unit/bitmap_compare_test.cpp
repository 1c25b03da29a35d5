#include "bitmap/bitmap.hpp"
#include "bitmap/compare.hpp"
#include "bitmap_oracle.hpp"

#include <algorithm>
#include <gtest/gtest.h>

namespace cdp::bitmap {
namespace {

using oracle::Set;

ByteView view_of(const std::string& bytes) {
  return {reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size()};
}

/// The portable bytes of a set in three ways: canonical, with runs as CRoaring makes them, without any.
std::vector<std::string> forms_of(const Set& set) {
  const std::vector<uint32_t> elements = oracle::sorted(set);
  std::vector<std::string> forms{Bitmap::of(elements).to_bytes()};
  for (const bool has_runs : {true, false}) {
    roaring_bitmap_t* made = roaring_bitmap_of_ptr(elements.size(), elements.data());
    if (has_runs) roaring_bitmap_run_optimize(made);
    std::string bytes(roaring_bitmap_portable_size_in_bytes(made), '\0');
    roaring_bitmap_portable_serialize(made, bytes.data());
    roaring_bitmap_free(made);
    forms.push_back(bytes);
  }
  return forms;
}

std::strong_ordering order_of(const Set& a, const Set& b) {
  return std::lexicographical_compare_three_way(a.begin(), a.end(), b.begin(), b.end());
}

TEST(Compare, IsTheOrderOfTheElementsInEveryForm) {
  std::mt19937 random(1);
  std::vector<Set> sets{{}, {0}, {0, 1}, {1}, {0xffffffff}, {0, 0x10000}, {0, 5, 0x10000}, {5, 0x10000}, {5}};
  for (const uint32_t size : {4095U, 4096U, 4097U}) {  // one run, or as many elements as an array can have
    Set& run = sets.emplace_back();
    for (uint32_t element = 0; element < size; ++element) run.insert(7 * 65536 + element);
  }
  for (int i = 0; i < 12; ++i) {
    Set set = oracle::random_set(random);
    sets.push_back(set);
    if (!set.empty()) {  // one that differs at one place: missing, or more
      Set other = set;
      const auto at = other.lower_bound(static_cast<uint32_t>(random()));
      other.erase(at == other.end() ? other.begin() : at);
      sets.push_back(other);
      other.insert(*other.rbegin() + 7);
      sets.push_back(other);
    }
  }
  std::vector<std::vector<std::string>> forms;
  for (const Set& set : sets) forms.push_back(forms_of(set));
  for (size_t i = 0; i < sets.size(); ++i) {
    for (size_t k = 0; k < sets.size(); ++k) {
      const std::string& a = forms[i][random() % 3];
      const std::string& b = forms[k][random() % 3];
      ASSERT_EQ(compare(view_of(a), view_of(b)), order_of(sets[i], sets[k])) << i << " " << k;
      ASSERT_EQ(hash(view_of(a)) == hash(view_of(b)), sets[i] == sets[k]) << i << " " << k;
    }
    for (const std::string& form : forms[i]) EXPECT_EQ(hash(view_of(form)), hash(view_of(forms[i][0]))) << i;
    EXPECT_NE(hash(view_of(forms[i][0]), 1), hash(view_of(forms[i][0]), 2));
  }
}

TEST(Compare, DamagedBytesAreRefused) {
  std::string bytes = Bitmap::of(std::vector<uint32_t>{1, 2, 9}).to_bytes();
  const std::string sound = bytes;
  bytes[16] = 9;
  EXPECT_THROW(compare(view_of(bytes), view_of(sound)), Error);
  EXPECT_THROW(compare(view_of(sound), view_of(bytes)), Error);
  EXPECT_THROW(hash(view_of(bytes)), Error);
}

}  // namespace
}  // namespace cdp::bitmap
