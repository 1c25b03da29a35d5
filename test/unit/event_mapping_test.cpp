#include "base/error.hpp"
#include "event/message.hpp"
#include "event_sources.hpp"

#include <gtest/gtest.h>

namespace cdp::event {
namespace {

const Instant kReceived = *parse_instant("2025-06-01T12:00:00Z");

Message read(const char* source, const char* json) {
  static const std::map<std::string, Mapping> kMappings = shipped_mappings();
  return read_message(parse_json(json), kMappings.at(source), kReceived);
}

std::string found(const char* mapping, const char* message) {
  const Mapping read = read_mapping(parse_json(std::string(R"({"event":"/e","user_id":)") + mapping + "}"));
  const Json json = parse_json(message);
  const Json* value = read.user_id.find(json);
  return value == nullptr ? "nothing" : value->dump();
}

std::string refusal(const std::string& mapping) {
  try {
    (void)read_mapping(parse_json(mapping));
  } catch (const Error& error) {
    EXPECT_EQ(error.category(), Category::BadValue);
    return error.message();
  }
  return "taken";
}

TEST(Mapping, ReadsPointersInOrderAndDefaults) {
  const Mapping mapping = read_mapping(
      parse_json(R"({"event": {"default": "visit"}, "user_id": ["/a~1b/0", "/m~0n"], "time_unit": "ms"})"));
  EXPECT_EQ(mapping.event.find(parse_json("{}"))->dump(), "\"visit\"");
  EXPECT_EQ(mapping.user_id.find(parse_json(R"({"a/b":["x"],"m~n":"y"})"))->dump(), "\"x\"");
  EXPECT_EQ(mapping.user_id.find(parse_json(R"({"a/b":[null],"m~n":"y"})"))->dump(), "\"y\"");
  EXPECT_EQ(mapping.user_id.find(parse_json("{}")), nullptr);
}

TEST(Mapping, ReadsConstantsAndConditions) {
  EXPECT_EQ(found(R"({"constant":"all"})", "{}"), "\"all\"");
  EXPECT_EQ(found(R"(["/a",{"constant":"all"}])", R"({"a":"x"})"), "\"x\"");
  const char* when = R"({"pointer":["/a","/b"],"when":{"/kind":["User*",7,true]},"default":"d"})";
  EXPECT_EQ(found(when, R"({"a":"x","kind":"USER_ID"})"), "\"x\"");
  EXPECT_EQ(found(when, R"({"b":"x","kind":"user"})"), "\"x\"");
  EXPECT_EQ(found(when, R"({"a":"x","kind":7.0})"), "\"x\"");
  EXPECT_EQ(found(when, R"({"a":"x","kind":true})"), "\"x\"");
  EXPECT_EQ(found(when, R"({"a":"x","kind":"use"})"), "\"d\"");
  EXPECT_EQ(found(when, R"({"a":"x","kind":"7"})"), "\"d\"");
  EXPECT_EQ(found(when, R"({"a":"x"})"), "\"d\"");
  const char* unless = R"({"pointer":"/a","unless":{"/kind":"device","/a":{"pointer":"/b"}}})";
  EXPECT_EQ(found(unless, R"({"a":"x","b":"y"})"), "\"x\"");
  EXPECT_EQ(found(unless, R"({"a":"x","kind":"Device"})"), "nothing");
  EXPECT_EQ(found(unless, R"({"a":"x","b":"x"})"), "nothing");
  EXPECT_EQ(found(R"({"pointer":"/a","when":{"/b":"*"}})", R"({"a":"x","b":{}})"), "\"x\"");
  EXPECT_EQ(found(R"({"pointer":"/a","when":{"/b":"*"}})", R"({"a":"x","b":null})"), "nothing");
}

TEST(Mapping, TranslatesValues) {
  const char* mapping = R"({"pointer":"/a","values":{"1":"one","x":2},"default":"other"})";
  EXPECT_EQ(found(mapping, R"({"a":"1"})"), "\"one\"");
  EXPECT_EQ(found(mapping, R"({"a":"x"})"), "2");
  EXPECT_EQ(found(mapping, R"({"a":"y"})"), "\"other\"");
  EXPECT_EQ(found(mapping, R"({"a":1})"), "\"other\"") << "only texts are translated";
}

TEST(Mapping, MergesObjectsAndLetsTheLastWin) {
  const Mapping mapping = read_mapping(parse_json(
      R"({"event":"/e","user_id":"/u","properties":{"merge":["/a","/b"]},"more_properties":{"shop":"/shop"}})"));
  const auto properties = [&](const char* json) {
    return read_message(parse_json(json), mapping, kReceived).properties.dump();
  };
  EXPECT_EQ(properties(R"({"e":"e","u":"u","a":{"x":1,"y":1,"shop":"own"},"b":{"y":2,"z":2},"shop":"s"})"),
            R"({"x":1,"y":2,"shop":"own","z":2})");
  EXPECT_EQ(properties(R"({"e":"e","u":"u","b":{"y":2},"shop":"s"})"), R"({"y":2,"shop":"s"})");
  EXPECT_EQ(properties(R"({"e":"e","u":"u"})"), "{}");
}

TEST(Mapping, RefusesWhatCannotWork) {
  for (const char* mapping :
       {"[]", "{}", R"({"event":"/e"})", R"({"user_id":"/u"})", R"({"event":"e","user_id":"/u"})",
        R"({"event":"/e","user_id":"/u","colour":"/c"})", R"({"event":"/e~2","user_id":"/u"})",
        R"({"event":"/e","user_id":"/u","time_unit":"days"})", R"({"event":{"at":"/e"},"user_id":"/u"})",
        R"({"event":"/e","user_id":"/u","more_properties":[]})", R"({"event":"/e","user_id":[]})",
        R"({"event":"/e","user_id":{}})", R"({"event":"/e","user_id":{"default":null}})",
        R"({"event":"/e","user_id":{"pointer":[]}})", R"({"event":"/e","user_id":[["/u"]]})",
        R"({"event":{"default":null},"user_id":"/u"})"})
    EXPECT_NE(refusal(mapping), "taken") << mapping;
}

TEST(Mapping, RefusesConstantsThatEveryMessageWouldFailBy) {
  const auto with = [](const std::string& member) {
    return refusal(R"({"event":"/e","user_id":"/u",)" + member + "}");
  };
  for (const char* member :
       {R"("type":{"constant":"group"})", R"("type":{"pointer":"/t","values":{"a":"b"}})",
        R"("insert_id":{"constant":"null"})", R"("anonymous_id":{"constant":0})",
        R"("previous_id":{"constant":[]})", R"("time":{"constant":"soon"})",
        R"("sent_at":{"default":"2025-02-30"})", R"("context":{"constant":1})",
        R"("properties":{"default":"x"})", R"("url":{"constant":{}})", R"("session_id":{"constant":true})",
        R"("device":{"constant":null})", R"("time_format":"%d.%m.%Y","time":{"constant":"2025-01-01"})"})
    EXPECT_NE(with(member), "taken") << member;
  EXPECT_NE(refusal(R"({"event":{"constant":" "},"user_id":"/u"})"), "taken");
  EXPECT_NE(refusal(R"({"event":"/e","user_id":{"constant":"anonymous"}})"), "taken");
  for (const char* member : {R"("type":{"constant":"identify"})", R"("insert_id":{"constant":7})",
                             R"("time":{"constant":0})", R"("properties":{"default":{"a":1}})",
                             R"("url":{"constant":"/"})", R"("more_properties":{"a":{"constant":[1]}})",
                             R"("time_format":"%d.%m.%Y","time":{"constant":"31.1.2025"})"})
    EXPECT_EQ(with(member), "taken") << member;
}

TEST(Mapping, RefusesMembersThatContradict) {
  const auto with = [](const std::string& field) {
    return refusal(R"({"event":"/e","user_id":)" + field + "}");
  };
  for (const char* field :
       {R"({"constant":"a","pointer":"/u"})", R"({"constant":"a","default":"b"})",
        R"({"constant":"a","values":{"a":"b"}})", R"({"default":"a","when":{"/a":1}})",
        R"({"values":{"a":"b"}})", R"({"pointer":"/u","when":{}})", R"({"pointer":"/u","when":[]})",
        R"({"pointer":"/u","when":{"a":1}})", R"({"pointer":"/u","when":{"/a":null}})",
        R"({"pointer":"/u","unless":{"/a":[]}})", R"({"pointer":"/u","unless":{"/a":{"pointer":"b"}}})",
        R"({"pointer":"/u","unless":{"/a":{"x":1}}})", R"({"pointer":"/u","values":[]})",
        R"({"pointer":"/u","values":{}})", R"({"pointer":"/u","text":true})", R"({"merge":["/a","/b"]})"})
    EXPECT_NE(with(field), "taken") << field;
  EXPECT_NE(refusal(R"({"event":{"pointer":"/e","text":1},"user_id":"/u"})"), "taken");
  EXPECT_NE(refusal(R"({"event":"/e","user_id":"/u","properties":{"merge":"/a"}})"), "taken");
  EXPECT_NE(refusal(R"({"event":"/e","user_id":"/u","properties":{"merge":["/a"],"default":{}}})"), "taken");
}

TEST(Sources, KeepSessionCategoryUrlIpAndDevice) {
  const Message message = read("cep", R"({"event_name":"e","user_id":"u","session_id":5,"category":"books",
      "default_properties":{"url":"/a","ip":"::1"},"device":"phone","context":{"device":"tablet"}})");
  EXPECT_EQ(message.session_id, "5");
  EXPECT_EQ(message.category, "books");
  EXPECT_EQ(message.url, "/a");
  EXPECT_EQ(message.ip, "::1");
  EXPECT_EQ(message.device, "phone");
  EXPECT_EQ(message.properties.dump(), R"({"url":"/a","ip":"::1"})");
  EXPECT_EQ(message.context.dump(),
            R"({"device":"tablet","session_id":"5","category":"books","url":"/a","ip":"::1"})");
}

TEST(Sources, SegmentHasTheSpecsPlaces) {
  const Message message = read("segment", R"({"type":"page","userId":"u","category":"docs",
      "context":{"page":{"url":"https://a.no/"},"ip":"::1","device":{"type":"ios","model":"x"},"sessionId":"s"}})");
  EXPECT_EQ(message.url, "https://a.no/");
  EXPECT_EQ(message.ip, "::1");
  EXPECT_EQ(message.device, "ios");
  EXPECT_EQ(message.session_id, "s");
  EXPECT_EQ(message.category, "docs");
  EXPECT_EQ(message.context.object()->size(), 5U) << "only the category is new: " << message.context.dump();
  EXPECT_EQ(read("segment", R"({"event":"e","userId":"u","context":{"device":"phone"}})").device, "phone");
  EXPECT_EQ(read("segment", R"({"event":"e","userId":"u","context":{"device":{"model":"x"}}})").device, "x");
  EXPECT_FALSE(read("segment", R"({"event":"e","userId":"u","context":{"ip":{}, "device":{}}})").ip);
}

TEST(Sources, MixpanelTellsUsersFromDevices) {
  const auto ids = [](const char* json) {
    const Message message = read("mixpanel", json);
    return message.user_id.value_or("-") + " " + message.anonymous_id.value_or("-");
  };
  EXPECT_EQ(ids(R"({"event":"e","properties":{"distinct_id":"u"}})"), "u -");
  EXPECT_EQ(ids(R"({"event":"e","properties":{"distinct_id":"u","$device_id":"d"}})"), "u d");
  EXPECT_EQ(ids(R"({"event":"e","properties":{"distinct_id":"d","$device_id":"d"}})"), "- d");
  EXPECT_EQ(ids(R"({"event":"e","properties":{"distinct_id":"$device:d","$device_id":"d"}})"), "- d");
  EXPECT_EQ(ids(R"({"event":"e","properties":{"distinct_id":"$device:d"}})"), "- $device:d");
  EXPECT_EQ(ids(R"({"event":"e","properties":{"distinct_id":"x","$user_id":"u","$device_id":"d"}})"), "u d");
  EXPECT_EQ(ids(R"({"event":"$identify","properties":{"$identified_id":"u","$anon_id":"a"}})"), "u a");
  EXPECT_EQ(ids(R"({"event":"$identify","properties":{"distinct_id":"u","$anon_distinct_id":"a"}})"), "u a");
  EXPECT_EQ(ids(R"({"event":"e","properties":{"distinct_id":"u","alias":"x","$anon_id":"y"}})"), "u -");
}

TEST(Sources, MixpanelsOwnEventsAreIdentifyAndAlias) {
  const Message alias =
      read("mixpanel", R"({"event":"$create_alias","properties":{"distinct_id":"a","alias":"u"}})");
  EXPECT_EQ(alias.kind, MessageKind::Alias);
  EXPECT_EQ(alias.previous_id, "a");
  EXPECT_EQ(alias.user_id, "u");
  const Message merge = read("mixpanel", R"({"event":"$merge","properties":{"$distinct_ids":["a","u"]}})");
  EXPECT_EQ(merge.kind, MessageKind::Alias);
  EXPECT_EQ(merge.previous_id.value() + merge.user_id.value(), "au");
  EXPECT_EQ(read("mixpanel", R"({"event":"$identify","properties":{"$identified_id":"u"}})").kind,
            MessageKind::Identify);
  const Message people =
      read("mixpanel", R"({"$distinct_id":"u","$set":{"city":"Oslo"},"$time":1735689600})");
  EXPECT_EQ(people.kind, MessageKind::Identify);
  EXPECT_EQ(people.traits.dump(), R"({"city":"Oslo"})");
  EXPECT_EQ(people.time, parse_instant("2025-01-01T00:00:00Z"));
  const Message track =
      read("mixpanel", R"({"event":"e","$set":{},"properties":{"distinct_id":"u","$insert_id":"i",
      "time":1735689600.5,"$current_url":"/a"}})");
  EXPECT_EQ(track.kind, MessageKind::Track);
  EXPECT_EQ(track.insert_id, "i");
  EXPECT_EQ(track.time, parse_instant("2025-01-01T00:00:00.5Z"));
  EXPECT_EQ(track.context.dump(), R"({"url":"/a"})");
}

TEST(Sources, CepTakesNamesAndNumbersOfEvents) {
  const Message message =
      read("cep", R"({"event_id":42,"event_name":"buy","customer_id":7,"time":1735689600500,
      "default_properties":{"os":"ios","v":1},"custom_properties":{"v":2}})");
  EXPECT_EQ(message.event, "buy");
  EXPECT_EQ(message.user_id, "7");
  EXPECT_EQ(message.time, parse_instant("2025-01-01T00:00:00.5Z"));
  EXPECT_EQ(message.properties.dump(), R"({"os":"ios","v":2})");
  EXPECT_EQ(read("cep", R"({"event_id":42,"device_id":"d"})").event, "42");
  EXPECT_EQ(read("cep", R"({"event_id":42,"device_id":"d"})").anonymous_id, "d");
}

TEST(Sources, UssSaysOfWhichTypeAnIdIs) {
  const auto ids = [](const char* type) {
    const Message message = read(
        "uss",
        (std::string(R"({"id":"x","payload":{"activity_type":"view"},"id_type":)") + type + "}").c_str());
    EXPECT_EQ(message.event, "view");
    return message.user_id.value_or("-") + " " + message.anonymous_id.value_or("-");
  };
  for (const char* user : {"\"user_id\"", "\"customer\"", "\"email\"", "null"})
    EXPECT_EQ(ids(user), "x -") << user;
  for (const char* device :
       {"\"anonymous_id\"", "\"ANON\"", "\"device_id\"", "\"cookie\"", "\"visitor_id\"", "\"guest\""})
    EXPECT_EQ(ids(device), "- x") << device;
}

}  // namespace
}  // namespace cdp::event
