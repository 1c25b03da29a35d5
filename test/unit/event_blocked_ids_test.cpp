#include "event/blocked_ids.hpp"

#include <gtest/gtest.h>

namespace cdp::event {
namespace {

BlockedIds blocking(std::string_view value) {
  BlockedIds blocked;
  blocked.add(value);
  return blocked;
}

Message message_of(std::optional<std::string> user_id, std::optional<std::string> anonymous_id) {
  Message message;
  message.user_id = std::move(user_id);
  message.anonymous_id = std::move(anonymous_id);
  return message;
}

std::string code_of(const BlockedIds& blocked, Message message) {
  try {
    blocked.remove_from(&message);
    return "taken";
  } catch (const Rejection& rejection) {
    return rejection.code;
  }
}

TEST(BlockedIds, AreComparedWithoutRegardToCase) {
  const BlockedIds blocked = blocking("Test-Device");
  EXPECT_TRUE(blocked.contains("test-device"));
  EXPECT_TRUE(blocked.contains("TEST-DEVICE"));
  EXPECT_FALSE(blocked.contains("test-device1"));
  EXPECT_FALSE(blocked.contains("test-devic"));
  EXPECT_FALSE(blocking("ä").contains("Ä"));
  EXPECT_FALSE(BlockedIds().contains("test-device"));
}

TEST(BlockedIds, LeaveTheOtherIdOfAMessage) {
  const BlockedIds blocked = blocking("kiosk");
  Message user = message_of("ann", "kiosk");
  blocked.remove_from(&user);
  EXPECT_EQ(user.user_id, "ann");
  EXPECT_EQ(user.anonymous_id, std::nullopt);
  Message device = message_of("kiosk", "d1");
  blocked.remove_from(&device);
  EXPECT_EQ(device.user_id, std::nullopt);
  EXPECT_EQ(device.anonymous_id, "d1");
}

TEST(BlockedIds, LeaveNobodyWhereThereIsNoOther) {
  const BlockedIds blocked = blocking("kiosk");
  EXPECT_EQ(code_of(blocked, message_of("kiosk", std::nullopt)), "no_user");
  EXPECT_EQ(code_of(blocked, message_of(std::nullopt, "KIOSK")), "no_user");
  EXPECT_EQ(code_of(blocked, message_of("kiosk", "kiosk")), "no_user");
  EXPECT_EQ(code_of(blocked, message_of("ann", std::nullopt)), "taken");
}

TEST(BlockedIds, RefuseAnAliasWithOneOfThem) {
  const BlockedIds blocked = blocking("kiosk");
  Message alias = message_of("ann", std::nullopt);
  alias.kind = MessageKind::Alias;
  alias.previous_id = "ann_old";
  EXPECT_EQ(code_of(blocked, alias), "taken");
  alias.previous_id = "kiosk";
  EXPECT_EQ(code_of(blocked, alias), "no_user");
  alias.previous_id = "ann_old";
  alias.user_id = "kiosk";
  EXPECT_EQ(code_of(blocked, alias), "no_user");
}

TEST(BlockedIds, AreNoMatterOfInsertIds) {
  Message message = message_of("ann", std::nullopt);
  message.insert_id = message.session_id = "kiosk";
  blocking("kiosk").remove_from(&message);
  EXPECT_EQ(message.insert_id, "kiosk");
  EXPECT_EQ(message.session_id, "kiosk");
}

}  // namespace
}  // namespace cdp::event
