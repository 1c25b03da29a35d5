/// test/data/malformed.tsv, without a server.

#include "event/message.hpp"
#include "event_sources.hpp"

#include <gtest/gtest.h>
#include <set>

namespace cdp::event {
namespace {

const Instant kReceived = *parse_instant("2025-06-01T12:00:00Z");

/// A message of the corpus with its abbreviations written out (test/data/README.md).
std::string written_out(std::string_view text) {
  std::string result;
  while (true) {
    const size_t begin = text.find("<<");
    result += text.substr(0, begin);
    if (begin == std::string_view::npos) return result;
    const size_t end = text.find(">>", begin);
    const std::string inside(text.substr(begin + 2, end - begin - 2));
    text.remove_prefix(end + 2);
    if (inside.starts_with("chr ")) {
      result.push_back(static_cast<char>(std::stoi(inside.substr(4))));
    } else if (inside.starts_with("members ")) {
      for (int i = 0; i < std::stoi(inside.substr(8)); ++i)
        result += (i == 0 ? "\"" : ",\"") + std::to_string(i) + "\":" + std::to_string(i);
    } else {
      const std::string repeated = inside.substr(inside.find('*') + 1);
      for (int i = 0; i < std::stoi(inside); ++i) result += repeated;
    }
  }
}

/// What becomes of a payload: codes in order of the alphabet.
std::string outcome(const std::string& payload, const Mapping* mapping) {
  if (mapping == nullptr) return "unknown_source";
  std::set<std::string> outcomes;
  try {
    for (const Json& single : split_payload(parse_payload(payload))) {
      try {
        (void)read_message(single, *mapping, kReceived);
        outcomes.insert("accepted");
      } catch (const Rejection& rejection) {
        EXPECT_FALSE(rejection.reason.empty());
        EXPECT_LE(rejection.reason.size(), 400U) << "reasons are for people";
        outcomes.insert(rejection.code);
      }
    }
  } catch (const Rejection& rejection) {
    return rejection.code;
  }
  std::string text;
  for (const std::string& each : outcomes) text += (text.empty() ? "" : ",") + each;
  return text.empty() ? "accepted" : text;
}

TEST(Malformed, EveryMessageOfTheCorpusEndsAsItsLineSays) {
  const std::map<std::string, Mapping> mappings = shipped_mappings();
  std::istringstream corpus(read_file(CDP_SOURCE_DIR "/test/data/malformed.tsv"));
  int lines = 0;
  for (std::string line; std::getline(corpus, line); ++lines) {
    std::vector<std::string> columns;
    std::istringstream in(line);
    for (std::string column; std::getline(in, column, '\t');) columns.push_back(column);
    ASSERT_EQ(columns.size(), 4U) << line;
    const auto mapping = mappings.find(columns[1]);
    EXPECT_EQ(outcome(written_out(columns[2]), mapping == mappings.end() ? nullptr : &mapping->second),
              columns[0])
        << "line " << lines + 1 << ": " << columns[3] << "\n"
        << columns[1] << " " << columns[2];
  }
  EXPECT_GE(lines, 200);
}

TEST(Malformed, BytesThatAreNoUtf8AreNoJson) {
  // The server lets no such text into the inbox of a database in UTF-8; one in SQL_ASCII does.
  for (const char* bytes : {"\xff", "\xc3", "\xc0\x80", "\xed\xa0\x80", "\xf5\x80\x80\x80", "\xe2\x28\xa1"}) {
    const std::string payload = std::string(R"({"userId":"u","event":")") + bytes + "\"}";
    EXPECT_EQ(outcome(payload, &shipped_mappings().at("segment")), "bad_json");
  }
}

}  // namespace
}  // namespace cdp::event
