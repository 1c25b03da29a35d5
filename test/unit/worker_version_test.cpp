#include "worker/version.hpp"

using cdp::worker::is_older_version;

TEST(Version, ComparesNumbersNotText) {
  EXPECT_TRUE(is_older_version("0.9.1", "0.10"));
  EXPECT_FALSE(is_older_version("0.10", "0.9.1"));
  EXPECT_TRUE(is_older_version("0.9.9", "1"));
}

TEST(Version, TakesAnAbsentNumberForZero) {
  EXPECT_FALSE(is_older_version("1.0", "1"));
  EXPECT_FALSE(is_older_version("1", "1.0"));
  EXPECT_TRUE(is_older_version("1", "1.0.1"));
  EXPECT_TRUE(is_older_version("", "0.1.0"));
  EXPECT_FALSE(is_older_version("0.1.0", ""));
}

TEST(Version, OneIsNotOlderThanItself) { EXPECT_FALSE(is_older_version("0.1.0", "0.1.0")); }
