#include "base/error.hpp"
#include "event/snapshot.hpp"

#include <gtest/gtest.h>

namespace cdp::event {
namespace {

TEST(Snapshot, SeesAsPgVisibleInSnapshotDoes) {
  // The documentation's example of pg_snapshot: 10:20:10,14,15.
  const Snapshot snapshot = Snapshot::parse("10:20:10,14,15");
  for (const uint64_t seen : {1, 9, 11, 13, 16, 19}) EXPECT_TRUE(snapshot.sees(seen)) << seen;
  for (const uint64_t unseen : {10, 14, 15, 20, 21}) EXPECT_FALSE(snapshot.sees(unseen)) << unseen;
}

TEST(Snapshot, ExcludesATransaction) {
  Snapshot snapshot = Snapshot::parse("12:20:14");
  snapshot.exclude(16);
  snapshot.exclude(25);
  EXPECT_EQ(snapshot.to_string(), "12:20:14,16");
  snapshot.exclude(5);
  EXPECT_EQ(snapshot.to_string(), "5:20:5,14,16");
  EXPECT_FALSE(snapshot.sees(5));
}

TEST(Snapshot, RefusesOtherTexts) {
  EXPECT_EQ(Snapshot::parse("7:7:").to_string(), "7:7:");
  for (const char* text : {"", "1", "1:2", "1:2:3,", "1:2:x", "1:2:4,3", "-1:2:"})
    EXPECT_THROW((void)Snapshot::parse(text), Error) << text;
}

}  // namespace
}  // namespace cdp::event
