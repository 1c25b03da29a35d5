#include "bitmap/text.hpp"

#include <gtest/gtest.h>

namespace cdp::bitmap {
namespace {

std::string echoed(std::string_view text) { return to_array_text(parse_bitmap(text)); }

/// The same as bytes in hexadecimal.
std::string in_hex(std::string_view text) {
  const std::string bytes = parse_bitmap(text).to_bytes();
  return to_hex_text({reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size()});
}

TEST(BitmapText, ReadsAndPrintsAsPgRoaringbitmapDoes) {
  // Pairs from the expected output of pg_roaringbitmap's own tests.
  EXPECT_EQ(echoed("{}"), "{}");
  EXPECT_EQ(echoed("  { \t }  "), "{}");
  EXPECT_EQ(echoed("{\t1 }"), "{1}");
  EXPECT_EQ(echoed("{ -1 ,  2  , 555555 ,  -4  }"), "{2,555555,-4,-1}");
  EXPECT_EQ(echoed("{ 1 ,  -2  , 555555 ,  -4  ,2147483647,-2147483648}"),
            "{1,555555,2147483647,-2147483648,-4,-2}");
  EXPECT_EQ(in_hex("{}"), "\\x3a30000000000000");
  EXPECT_EQ(in_hex("{1}"), "\\x3a3000000100000000000000100000000100");
  EXPECT_EQ(in_hex("{1,9999}"), "\\x3a30000001000000000001001000000001000f27");
  EXPECT_EQ(in_hex("{-1,2,555555,-4}"),
            "\\x3a300000030000000000000008000000ffff01002000000022000000240000000200237afcffffff");
  EXPECT_EQ(echoed("\\x3a300000030000000000000008000000ffff01002000000022000000240000000200237afcffffff"),
            "{2,555555,-4,-1}");
}

TEST(BitmapText, TakesSignsSpacesAndRepetitions) {
  EXPECT_EQ(echoed("{+3,3,\n-0,0}"), "{0,3}");
  EXPECT_EQ(echoed("\\x3A30 0000\n0000 0000 "), "{}");
  std::string many = "{";
  for (int i = 0; i < 200000; ++i) many += std::to_string(i * 3) + ",";
  many.back() = '}';
  EXPECT_EQ(echoed(many), many);
}

TEST(BitmapText, NamesThePositionOfAMistake) {
  const auto complaint = [](std::string_view text) -> std::string {
    try {
      return "taken: " + echoed(text);
    } catch (const Error& error) {
      return error.detail();
    }
  };
  EXPECT_EQ(complaint(""), "Expected \"{\" or \"\\x\" at character 1.");
  EXPECT_EQ(complaint("{"), "Expected an integer at character 2.");
  EXPECT_EQ(complaint("{1"), "Expected \",\" or \"}\" at character 3.");
  EXPECT_EQ(complaint("{1} x"), "Unexpected text after \"}\" at character 5.");
  EXPECT_EQ(complaint("{1x}"), "Expected \",\" or \"}\" at character 3.");
  EXPECT_EQ(complaint("{-x}"), "Expected an integer at character 2.");
  EXPECT_EQ(complaint("{,}"), "Expected an integer at character 2.");
  EXPECT_EQ(complaint("{1,}"), "Expected an integer at character 4.");
  EXPECT_EQ(complaint("{1,+-2}"), "Expected an integer at character 4.");
  EXPECT_EQ(complaint("{1 2}"), "Expected \",\" or \"}\" at character 4.");
  EXPECT_EQ(complaint("\\x3"), "Expected the second hexadecimal digit of a byte at character 4.");
  EXPECT_EQ(complaint("\\x3g"), "Expected the second hexadecimal digit of a byte at character 4.");
  EXPECT_EQ(complaint("\\xg3"), "Expected a hexadecimal digit at character 3.");
  EXPECT_EQ(complaint("\\x"), "it ends within its header, at byte 0 of 0.");
  for (const char* text : {"{2147483648}", "{-2147483649}", "{99999999999999999999}"}) try {
      parse_bitmap(text);
      FAIL() << text;
    } catch (const Error& error) {
      EXPECT_EQ(error.category(), Category::OutOfRange);
      EXPECT_NE(error.detail().find("character 2"), std::string::npos) << error.detail();
    }
}

TEST(BitmapText, RefusesBytesThatAreTooManyInTheWordsOfTheirType) {
  const std::vector<uint8_t> bytes(size_t{1} << 29);
  for (const bool is_wide : {false, true}) {
    try {
      to_hex_text(bytes, is_wide);
      ADD_FAILURE() << "a text of 1 GB was made";
    } catch (const Error& error) {
      EXPECT_EQ(error.category(), Category::Limit);
      EXPECT_EQ(error.message(),
                std::string("text of roaringbitmap") + (is_wide ? "64" : "") + " is larger than 1 GB");
    }
  }
}

}  // namespace
}  // namespace cdp::bitmap
