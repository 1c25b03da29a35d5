#include "worker/pace.hpp"

using cdp::kSecond;
using cdp::worker::kNoTimeLimit;
using cdp::worker::Pace;

TEST(Pace, BeginsWithAThousandAndGoesByTheLastPiece) {
  Pace pace;
  EXPECT_EQ(pace.piece(kSecond), 1000);
  pace.note(1000, kSecond / 10);  // 100 us each
  EXPECT_EQ(pace.piece(kSecond), 10000);
  EXPECT_EQ(pace.piece(kSecond / 2), 5000);
  pace.note(5000, 5 * kSecond);  // 1 ms each
  EXPECT_EQ(pace.piece(kSecond), 1000);
}

TEST(Pace, StaysAboveAHundredHoweverSlowAndBelowOverflowHoweverQuick) {
  Pace pace;
  pace.note(1, 3600 * kSecond);
  EXPECT_EQ(pace.piece(kSecond), 100);
  EXPECT_EQ(pace.piece(-kSecond), 100);
  pace.note(1'000'000'000'000, 1);
  EXPECT_EQ(pace.piece(kSecond), 1'000'000'000);
}

TEST(Pace, LearnsNothingFromAnEmptyPiece) {
  Pace pace;
  pace.note(1000, kSecond);
  pace.note(0, kSecond);
  EXPECT_EQ(pace.piece(kSecond), 1000);
}

TEST(Pace, WithoutATimeLimitTakesEverything) {
  Pace pace;
  EXPECT_EQ(pace.piece(kNoTimeLimit), INT64_MAX);
  pace.note(1, kSecond);
  EXPECT_EQ(pace.piece(kNoTimeLimit), INT64_MAX);
}
