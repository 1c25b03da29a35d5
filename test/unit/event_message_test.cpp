#include "base/error.hpp"
#include "event/message.hpp"

#include <gtest/gtest.h>

namespace cdp::event {
namespace {

const Instant kReceived = *parse_instant("2025-01-01T12:01:00Z");

Mapping segment_mapping() {
  return read_mapping(parse_json(R"({"type": "/type", "event": "/event", "user_id": "/userId",
      "anonymous_id": "/anonymousId", "previous_id": "/previousId", "insert_id": "/messageId", "time": "/timestamp",
      "original_time": "/originalTimestamp", "sent_at": "/sentAt", "properties": "/properties", "traits": "/traits",
      "context": "/context", "more_properties": {"name": "/name"}})"));
}

Message read(const char* json) { return read_message(parse_json(json), segment_mapping(), kReceived); }

std::string rejection(const char* json) {
  try {
    (void)read(json);
  } catch (const Rejection& rejection) {
    return rejection.code;
  }
  return "taken";
}

TEST(Message, ReadsATrack) {
  const Message message = read(R"({"type":"track","userId":17,"event":"Order Completed","messageId":"m1",
      "timestamp":"2025-01-01T10:00:00+02:00","properties":{"total":1.10},"context":{"ip":"::1"}})");
  EXPECT_EQ(message.kind, MessageKind::Track);
  EXPECT_EQ(message.user_id, "17");
  EXPECT_EQ(message.event, "Order Completed");
  EXPECT_EQ(message.insert_id, "m1");
  EXPECT_EQ(message.time, parse_instant("2025-01-01T08:00:00Z"));
  EXPECT_EQ(message.properties.dump(), R"({"total":1.10})");
  EXPECT_EQ(message.context.dump(), R"({"ip":"::1"})");
}

TEST(Message, NamesPagesAndScreensByTheirType) {
  const Message page = read(R"({"type":"page","anonymousId":"a","name":"Home","properties":{"url":"/"}})");
  EXPECT_EQ(page.event, "page");
  EXPECT_EQ(page.properties.dump(), R"({"url":"/","name":"Home"})");
  EXPECT_EQ(read(R"({"type":"screen","userId":"u"})").event, "screen");
}

TEST(Message, CorrectsTheSendersClock) {
  // Original 12:10, sent 12:11, received 12:01: it happened a minute before it was received.
  EXPECT_EQ(read(R"({"userId":"u","event":"e","originalTimestamp":"2025-01-01T12:10:00Z",
                     "sentAt":"2025-01-01T12:11:00Z"})")
                .time,
            parse_instant("2025-01-01T12:00:00Z"));
  EXPECT_EQ(read(R"({"userId":"u","event":"e","originalTimestamp":"2025-01-01T11:00:00Z"})").time,
            parse_instant("2025-01-01T11:00:00Z"));
  EXPECT_EQ(read(R"({"userId":"u","event":"e"})").time, kReceived);
}

TEST(Message, RefusesAClockWhoseCorrectionLeavesTheRangeOfTimes) {
  EXPECT_EQ(
      rejection(R"({"userId":"u","event":"e","originalTimestamp":"0001-01-01T00:00:00Z","sentAt":9.2e18})"),
      "bad_time");
  EXPECT_EQ(
      rejection(R"({"userId":"u","event":"e","originalTimestamp":9.2e18,"sentAt":"0001-01-01T00:00:00Z"})"),
      "bad_time");
}

TEST(Message, CountsAnEventSlightlyAheadAsNow) {
  EXPECT_EQ(read(R"({"userId":"u","event":"e","timestamp":"2025-01-01T12:06:00Z"})").time, kReceived);
  EXPECT_EQ(rejection(R"({"userId":"u","event":"e","timestamp":"2025-01-01T12:06:00.000001Z"})"),
            "future_time");
}

TEST(Message, TellsMistakesApart) {
  EXPECT_EQ(rejection(R"([1])"), "bad_message");
  EXPECT_EQ(rejection(R"("text")"), "bad_message");
  EXPECT_EQ(rejection(R"({"type":"group","userId":"u"})"), "bad_type");
  EXPECT_EQ(rejection(R"({"type":7,"userId":"u"})"), "bad_type");
  EXPECT_EQ(rejection(R"({"event":"e"})"), "no_user");
  EXPECT_EQ(rejection(R"({"event":"e","userId":"NULL","anonymousId":""})"), "no_user");
  EXPECT_EQ(rejection(R"({"event":"e","userId":{"id":1}})"), "bad_message");
  EXPECT_EQ(rejection(R"({"userId":"u"})"), "no_event");
  EXPECT_EQ(rejection(R"({"userId":"u","event":" "})"), "no_event");
  EXPECT_EQ(rejection(R"({"userId":"u","event":5})"), "bad_message");
  EXPECT_EQ(rejection(R"({"userId":"u","event":"e","timestamp":"yesterday"})"), "bad_time");
  EXPECT_EQ(rejection(R"({"userId":"u","event":"e","timestamp":true})"), "bad_time");
  EXPECT_EQ(rejection(R"({"userId":"u","event":"e","properties":[]})"), "bad_message");
  EXPECT_EQ(rejection(("{\"userId\":\"u\",\"event\":\"" + std::string(256, 'x') + "\"}").c_str()),
            "too_long");
  EXPECT_EQ(rejection(("{\"userId\":\"" + std::string(256, 'x') + "\",\"event\":\"e\"}").c_str()),
            "too_long");
  EXPECT_EQ(rejection(R"({"type":"alias","userId":"u"})"), "no_user");
  EXPECT_EQ(rejection(R"({"userId":"u","event":"e","properties":null,"context":null})"), "taken");
}

TEST(Message, KnowsWhatIsNoId) {
  for (const char* nobody : {"", " ", "0", "-1", "000-000", "00000000-0000-0000-0000-000000000000", "null",
                             "Undefined", "ANONYMOUS", "[object Object]", "NaN"})
    EXPECT_FALSE(is_identifier(nobody)) << nobody;
  for (const char* somebody : {"1", "00001", "nullable", "a-0", "anna"})
    EXPECT_TRUE(is_identifier(somebody)) << somebody;
}

TEST(Message, SplitsBatches) {
  EXPECT_EQ(split_payload(parse_json("[1,2,3]")).size(), 3U);
  EXPECT_EQ(split_payload(parse_json("{}")).size(), 1U);
  const auto batch =
      split_payload(parse_json(R"({"batch":[{"a":1},{"sentAt":"own"}],"sentAt":"2025-01-01T00:00:00Z"})"));
  ASSERT_EQ(batch.size(), 2U);
  EXPECT_EQ(batch[0].dump(), R"({"a":1,"sentAt":"2025-01-01T00:00:00Z"})");
  EXPECT_EQ(batch[1].dump(), R"({"sentAt":"own"})");
}

TEST(Message, IsASinglePayloadAgain) {
  for (const char* single : {"7", "{}", R"([{"userId":"u"}])", R"({"batch":[{"userId":"u"}]})", "[]"}) {
    const auto again = split_payload(parse_json(payload_of(parse_json(single))));
    ASSERT_EQ(again.size(), 1U) << single;
    EXPECT_EQ(again[0].dump(), single);
  }
}

}  // namespace
}  // namespace cdp::event
