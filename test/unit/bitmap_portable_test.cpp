#include "bitmap/bitmap.hpp"
#include "bitmap_oracle.hpp"

#include <algorithm>
#include <gtest/gtest.h>

namespace cdp::bitmap {
namespace {

using oracle::random_set;
using oracle::Set;

ByteView view_of(const std::string& bytes) {
  return {reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size()};
}

Bitmap bitmap_of(const Set& set) { return Bitmap::of(oracle::sorted(set)); }

/// What CRoaring's own serializer writes, with or without runs.
std::string foreign_bytes(const Set& set, bool with_runs) {
  const std::vector<uint32_t> elements(set.begin(), set.end());
  roaring_bitmap_t* made = roaring_bitmap_of_ptr(elements.size(), elements.data());
  if (with_runs) roaring_bitmap_run_optimize(made);
  std::string bytes(roaring_bitmap_portable_size_in_bytes(made), '\0');
  roaring_bitmap_portable_serialize(made, bytes.data());
  roaring_bitmap_free(made);
  return bytes;
}

/// Whether from_bytes takes the bytes, after seeing that it took what the specification says.
bool is_taken(const std::string& bytes) {
  const std::optional<std::vector<uint32_t>> expected = oracle::decode(bytes);
  try {
    const Bitmap bitmap = Bitmap::from_bytes(view_of(bytes));
    if (!expected) {
      ADD_FAILURE() << "took bytes that break the format";
      return true;
    }
    EXPECT_EQ(bitmap.to_vector(), *expected);
    return true;
  } catch (const Error& error) {
    EXPECT_EQ(error.category(), Category::Corrupt);
    EXPECT_FALSE(expected.has_value()) << error.message() << " " << error.detail();
    return false;
  }
}

/// Nothing but an Error may come of these, whatever the bytes.
void ask_without_checking(const std::string& bytes) {
  for (const uint32_t element : {0U, 77U, 65536U, 0x7fffffffU, 0xffffffffU}) try {
      contains(view_of(bytes), element);
    } catch (const Error&) {
    }
  try {
    cardinality(view_of(bytes));
    min(view_of(bytes));
    max(view_of(bytes));
  } catch (const Error&) {
  }
}

/// How the canonical form keeps the first container.
ContainerKind kind_of_first(const Bitmap& set) {
  const std::string bytes = set.to_bytes();
  return View(view_of(bytes)).container(0).kind;
}

TEST(PortableFormat, IsCanonical) {
  constexpr unsigned kSeed = 77;
  std::mt19937 random(kSeed);
  for (int round = 0; round < 30; ++round) {
    SCOPED_TRACE("seed " + std::to_string(kSeed) + " round " + std::to_string(round));
    const Set set = random_set(random);
    const std::string bytes = bitmap_of(set).to_bytes();
    EXPECT_EQ(oracle::decode(bytes), oracle::sorted(set));
    EXPECT_EQ(bytes, foreign_bytes(set, true));  // made of arrays and bitsets, CRoaring breaks ties as we do
    for (const bool with_runs : {false, true})
      EXPECT_EQ(Bitmap::from_bytes(view_of(foreign_bytes(set, with_runs))).to_bytes(), bytes);
    EXPECT_EQ(Bitmap::from_bytes(view_of(bytes)).to_bytes(), bytes);

    // The ways by which CRoaring comes to other containers for the same set.
    const Bitmap whole = bitmap_of(set);
    const Set other = random_set(random);
    Bitmap with_other = whole;
    with_other |= bitmap_of(other);
    with_other -= (Bitmap(bitmap_of(other)) -= whole);
    EXPECT_EQ(with_other.to_bytes(), bytes);
  }
}

TEST(PortableFormat, WritesEveryByte) {
  std::mt19937 random(78);
  for (int round = 0; round < 10; ++round) {
    const Bitmap set = bitmap_of(random_set(random));
    std::vector<uint8_t> out(set.byte_size(), 0xa5);  // as memory is that nobody has cleared
    EXPECT_EQ(set.write_to(out), out.size());
    EXPECT_EQ(std::string(out.begin(), out.end()), set.to_bytes());
  }
}

TEST(PortableFormat, KeepsTiesBetweenRunsAndArraysAsArrays) {
  // Pairs: each is 4 bytes as a run and as two elements, and both kinds count two bytes besides.
  std::vector<uint32_t> elements;
  for (uint32_t i = 0; i < 40; ++i) {
    elements.push_back(3 * i);
    elements.push_back(3 * i + 1);
  }
  EXPECT_EQ(kind_of_first(Bitmap::of(elements)), ContainerKind::Array);
  elements.push_back(2 + 3 * 39);  // the last run grows, and the array with it
  EXPECT_EQ(kind_of_first(Bitmap::of(elements)), ContainerKind::Run);
}

TEST(PortableFormat, KeepsFewElementsAsOtherWritersDo) {
  const std::string as_runs("\x3b\x30\x00\x00\x01\x00\x00\x02\x00\x01\x00\x01\x00\x02\x00", 15);
  const std::string as_array(
      "\x3a\x30\x00\x00\x01\x00\x00\x00\x00\x00\x02\x00\x10\x00\x00\x00\x01\x00\x02\x00\x03\x00", 22);
  EXPECT_EQ(Bitmap::from_bytes(view_of(as_runs)).to_bytes(), as_array);
  EXPECT_EQ(Bitmap::from_bytes(view_of(as_array)).to_bytes(), as_array);
  Bitmap range;
  range.fill(100, 132);
  EXPECT_EQ(kind_of_first(range), ContainerKind::Array);
  range.add(132);
  EXPECT_EQ(kind_of_first(range), ContainerKind::Run);
}

TEST(PortableFormat, HoldsTheFullRange) {
  Bitmap everything = Bitmap::of(std::vector<uint32_t>{0});
  for (int64_t size = 1; size < (int64_t{1} << 32); size *= 2) everything |= everything.shifted(size);
  EXPECT_EQ(everything.cardinality(), uint64_t{1} << 32);
  const std::string bytes = everything.to_bytes();
  EXPECT_EQ(cardinality(view_of(bytes)), uint64_t{1} << 32);
  EXPECT_EQ(bytes.size(), 4 + 8192 + 8 * size_t{65536} + 6 * size_t{65536});
  EXPECT_EQ(Bitmap::from_bytes(view_of(bytes)).to_bytes(), bytes);
  EXPECT_EQ(min(view_of(bytes)), 0U);
  EXPECT_EQ(max(view_of(bytes)), 0xffffffffU);
}

TEST(PortableFormat, AnswersFromBytesAsSetsDo) {
  std::mt19937 random(99);
  for (int round = 0; round < 30; ++round) {
    const Set set = random_set(random);
    for (const bool with_runs : {false, true}) {
      const std::string bytes = foreign_bytes(set, with_runs);
      EXPECT_EQ(cardinality(view_of(bytes)), set.size());
      EXPECT_EQ(is_empty(view_of(bytes)), set.empty());
      EXPECT_EQ(min(view_of(bytes)), set.empty() ? std::nullopt : std::optional(*set.begin()));
      EXPECT_EQ(max(view_of(bytes)), set.empty() ? std::nullopt : std::optional(*set.rbegin()));
      for (int probe = 0; probe < 2000; ++probe) {
        uint32_t element = random();
        if (!set.empty() && probe % 2 == 0) {
          const auto near = set.lower_bound(element);
          element = (near == set.end() ? *set.begin() : *near) + probe % 3 - 1;
        }
        ASSERT_EQ(contains(view_of(bytes), element), set.contains(element)) << element;
      }
    }
  }
}

/// Small values of every form, so that each of their bytes can be tried.
std::vector<std::string> small_values() {
  std::vector<std::string> values;
  values.push_back(foreign_bytes({}, false));
  values.push_back(foreign_bytes({7}, false));
  values.push_back(foreign_bytes({1, 2, 3, 65536, 65538, 0xffffffff}, false));
  Set runs;
  for (uint32_t key = 0; key < 5; ++key)
    for (uint32_t element = 10; element < 30; ++element)
      if (element != 20) runs.insert(key << 16 | element);
  values.push_back(foreign_bytes(runs, true));
  Set three_runs;
  for (uint32_t element = 65500; element < 65600; ++element) three_runs.insert(element);
  values.push_back(foreign_bytes(three_runs, true));
  return values;
}

TEST(PortableFormat, SurvivesEveryTruncation) {
  for (const std::string& bytes : small_values()) {
    EXPECT_TRUE(is_taken(bytes));
    EXPECT_FALSE(is_taken(bytes + '\0'));
    for (size_t size = 0; size < bytes.size(); ++size) {
      EXPECT_FALSE(is_taken(bytes.substr(0, size))) << size;
      ask_without_checking(bytes.substr(0, size));
    }
  }
}

TEST(PortableFormat, SurvivesEveryChangedByte) {
  for (const std::string& bytes : small_values()) {
    for (size_t at = 0; at < bytes.size(); ++at) {
      for (int flip = 1; flip < 256; ++flip) {
        std::string changed = bytes;
        changed[at] = static_cast<char>(changed[at] ^ flip);
        is_taken(changed);
        ask_without_checking(changed);
      }
    }
  }
}

TEST(PortableFormat, SurvivesChangedBytesOfBitsets) {
  std::mt19937 random(3);
  Set set;
  while (set.size() < 5000) set.insert(random() % 65536);
  const std::string bytes = foreign_bytes(set, false);
  int refused = 0;
  for (int round = 0; round < 600; ++round) {
    std::string changed = bytes;
    changed[random() % changed.size()] ^= static_cast<char>(1 << random() % 8);
    if (!is_taken(changed)) ++refused;
    ask_without_checking(changed);
  }
  EXPECT_EQ(refused, 600);  // one flipped bit always makes the cardinality false
  for (size_t size = 0; size < bytes.size(); size += 97) EXPECT_FALSE(is_taken(bytes.substr(0, size)));
}

TEST(PortableFormat, NamesWhatIsWrong) {
  const auto problem = [](const std::string& bytes) -> std::string {
    try {
      Bitmap::from_bytes(view_of(bytes), Category::BadBinary);
    } catch (const Error& error) {
      EXPECT_EQ(error.category(), Category::BadBinary);
      return error.detail();
    }
    return "taken";
  };
  const auto with = [](std::string bytes, size_t at, char value) {
    bytes[at] = value;
    return bytes;
  };
  const std::string two_arrays = foreign_bytes({1, 9, 65536}, false);
  EXPECT_EQ(problem(""), "it ends within its header, at byte 0 of 0.");
  EXPECT_EQ(problem(two_arrays + "x"), "there are bytes after its end, at byte 30 of 31.");
  EXPECT_EQ(problem(with(two_arrays, 0, '\x3c')),
            "it does not begin as the portable format does, at byte 0 of 30.");
  EXPECT_EQ(problem(with(two_arrays, 12, '\0')), "the keys do not ascend, at byte 12 of 30.");
  EXPECT_EQ(problem(with(two_arrays, 20, '\0')), "a container is said to lie elsewhere, at byte 20 of 30.");
  EXPECT_EQ(problem(with(two_arrays, 26, '\0')), "the elements of an array do not ascend, at byte 24 of 30.");
  const std::string runs("\x3b\x30\x00\x00\x01\x00\x00\x03\x00\x02\x00\x01\x00\x01\x00\x05\x00\x01\x00", 19);
  EXPECT_EQ(problem(runs), "taken");
  EXPECT_EQ(problem(with(runs, 4, '\x03')),
            "there are flags of containers that do not exist, at byte 4 of 19.");
  EXPECT_EQ(problem(with(runs, 7, '\x04')),
            "the runs have another number of elements than stated, at byte 9 of 19.");
  EXPECT_EQ(problem(with(runs, 15, '\x03')), "runs overlap, touch or do not ascend, at byte 15 of 19.");
  EXPECT_EQ(problem(with(with(runs, 16, '\xff'), 15, '\xff')),
            "a run ends beyond its container, at byte 15 of 19.");
}

}  // namespace
}  // namespace cdp::bitmap
