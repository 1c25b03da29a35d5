#include "event_sources.hpp"
#include "worker/piece.hpp"

#include <string>

namespace cdp::worker {
namespace {

event::ReadingRules rules_with(const char* source) {
  event::ReadingRules::Mappings mappings;
  mappings.emplace(source, event::shipped_mappings().at("segment"));
  return {std::make_shared<const event::ReadingRules::Mappings>(std::move(mappings)),
          std::make_shared<const event::Expectations>()};
}

/// Every seventh is broken, every fifth holds two messages.
std::vector<event::Queued> queue(int count) {
  std::vector<event::Queued> queued;
  for (int i = 0; i < count; ++i) {
    const std::string id = std::to_string(i);
    const std::string message = R"({"type": "track", "event": "look", "userId": "u)" + id +
                                R"(", "messageId": "m)" + id + R"(", "context": {"session_id": "s)" + id +
                                R"("}, "properties": {"n": )" + id + "}}";
    queued.push_back({"segment",
                      i % 7 == 0   ? message.substr(1)
                      : i % 5 == 0 ? "[" + message + "," + message + "]"
                                   : message,
                      false, Instant{1'000'000'000'000}, i});
  }
  return queued;
}

/// What a piece has read, as text.
std::vector<std::string> texts_of(Piece& piece) {
  std::vector<std::string> texts;
  for (const event::Received& received : piece.reading().messages)
    texts.push_back(*received.message.user_id + " " + received.message.properties.dump() + " " +
                    *piece.circumstances()[received.number].session_id + " " +
                    std::to_string(received.id_key) + " " + std::to_string(received.content));
  for (const event::DeadLetter& letter : piece.reading().dead) texts.push_back(letter.payload);
  return texts;
}

class PieceOfSize : public testing::TestWithParam<int> {};

TEST_P(PieceOfSize, ReadsTheSameInAThread) {
  const std::vector<event::Queued> queued = queue(GetParam());
  std::vector<std::string> expected;
  std::vector<std::string> dead;
  for (int i = 0; i < GetParam(); ++i) {
    Piece alone({queued[static_cast<size_t>(i)]});
    alone.read(rules_with("segment"));
    for (std::string& text : texts_of(alone)) (i % 7 == 0 ? dead : expected).push_back(std::move(text));
  }
  expected.insert(expected.end(), dead.begin(), dead.end());

  Piece piece(queued);
  piece.read_ahead(rules_with("segment"), nullptr);
  piece.read(rules_with("segment"));
  EXPECT_EQ(texts_of(piece), expected);
  EXPECT_EQ(piece.reading().messages.size(), expected.size() - dead.size());
  ASSERT_EQ(piece.circumstances().size(), piece.reading().messages.size());
}

INSTANTIATE_TEST_SUITE_P(Sizes, PieceOfSize, testing::Values(0, 1, 499, 500, 3000));

TEST(Piece, IsReadAnewByTheRulesOfThen) {
  Piece piece(queue(1000));
  piece.read_ahead(rules_with("segment"), nullptr);
  piece.read(rules_with("other"));
  EXPECT_GT(piece.reading().messages.size(), 850U) << "the thread had begun by the rules of before";
  piece.events().emplace_back();
  piece.read(rules_with("other"));
  EXPECT_TRUE(piece.reading().messages.empty());
  EXPECT_EQ(piece.reading().dead.size(), 1000U);
  EXPECT_TRUE(piece.events().empty());
}

TEST(Piece, TakesTheAppliedOneAway) {
  auto applied = std::make_unique<Piece>(queue(2000));
  applied->read(rules_with("segment"));
  Piece next(queue(2000));
  next.read_ahead(rules_with("segment"), std::move(applied));
  next.read(rules_with("segment"));
  EXPECT_EQ(next.reading().dead.size(), 286U);
}

}  // namespace
}  // namespace cdp::worker
