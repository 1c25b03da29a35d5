#include "session/sessionizer.hpp"

#include <algorithm>
#include <gtest/gtest.h>
#include <random>
#include <set>

namespace cdp::session {
namespace {

constexpr Micros kTimeout = 10;

Step step_at(int64_t time, int64_t arrival_no = 0) {
  Step step;
  step.time = {time};
  step.arrival_no = arrival_no;
  return step;
}

/// Sessions by their definition, event after event. Written apart from the code under test: only what one
/// event says is shared.
std::vector<Session> by_definition(std::vector<Step> steps) {
  std::sort(steps.begin(), steps.end(), [](const Step& a, const Step& b) { return key_of(a) < key_of(b); });
  std::vector<Session> sessions;
  for (const Step& step : steps) {
    const Circumstances& said = step.circumstances;
    bool begins = sessions.empty();
    if (!begins) {
      const Session& run = sessions.back();
      if (run.session_id.has_value() && said.session_id.has_value()) {
        begins = run.session_id != said.session_id;
      } else if (step.boundary == Boundary::Start || run.is_over) {
        begins = true;
      } else {
        begins = step.time.us - run.ended_at.us > kTimeout;
      }
    }
    if (begins) {
      Session fresh;
      fresh.started_at = step.time;
      fresh.first_arrival = step.arrival_no;
      fresh.landing_event_no = step.event_no;
      sessions.push_back(fresh);
    }
    Session& run = sessions.back();
    run.ended_at = step.time;
    run.events += 1;
    run.exit_event_no = step.event_no;
    run.is_over = step.boundary == Boundary::End;
    if (!run.session_id) run.session_id = said.session_id;
    if (said.url) {
      if (!run.landing_page) {
        run.landing_page = said.url;
        run.landing_page_at = step.time;
      }
      run.exit_page = said.url;
      run.exit_page_at = step.time;
    }
    if (!run.origin_at && (said.url || said.referrer || said.campaign[0])) {
      run.referrer = said.referrer;
      run.campaign = said.campaign;
      run.origin_at = step.time;
    }
  }
  return sessions;
}

/// A user's events and sessions in memory.
class Memory : public Stored {
 public:
  std::vector<Step> events;  ///< in order
  std::map<Key, Session> sessions;
  int64_t read = 0;  ///< events, by from()

  std::optional<Session> last() override {
    return sessions.empty() ? std::nullopt : std::optional(sessions.rbegin()->second);
  }
  std::optional<Session> at_or_before(const Key& key) override {
    const auto found = sessions.upper_bound(key);
    return found == sessions.begin() ? std::nullopt : std::optional(std::prev(found)->second);
  }
  std::optional<Session> after(const Key& key) override {
    const auto found = sessions.upper_bound(key);
    return found == sessions.end() ? std::nullopt : std::optional(found->second);
  }
  void from(const Key& key, const std::function<bool(const Step&)>& f) override {
    for (const Step& event : events) {
      if (key_of(event) < key) continue;
      ++read;
      if (!f(event)) return;
    }
  }
  std::optional<Step> before(const Key& key) override {
    std::optional<Step> found;
    for (const Step& event : events)
      if (key_of(event) < key) found = event;
    return found;
  }

  void store(const std::vector<Step>& steps) {
    events.insert(events.end(), steps.begin(), steps.end());
    std::sort(events.begin(), events.end(),
              [](const Step& a, const Step& b) { return key_of(a) < key_of(b); });
  }

  void apply(const Sessionizer::Changes& changes) {
    for (const Session* session : changes.removed) ASSERT_EQ(sessions.erase(key_of(*session)), 1U);
    for (const auto& [was, is] : changes.changed) {
      ASSERT_EQ(sessions.at(key_of(*was)), *was);
      sessions.at(key_of(*was)) = *is;
    }
    for (const Session* session : changes.added)
      ASSERT_TRUE(sessions.emplace(key_of(*session), *session).second);
  }

  void add(std::vector<Step> steps) {
    std::sort(steps.begin(), steps.end(), [](const Step& a, const Step& b) { return key_of(a) < key_of(b); });
    store(steps);
    Sessionizer sessionizer(*this, kTimeout);
    sessionizer.add(steps);
    apply(sessionizer.changes());
  }

  std::vector<Session> all() const {
    std::vector<Session> result;
    for (const auto& [key, session] : sessions) result.push_back(session);
    return result;
  }
};

std::string shown(const std::vector<Session>& sessions) {
  std::string text;
  for (const Session& session : sessions)
    text += std::to_string(session.started_at.us) + "-" + std::to_string(session.ended_at.us) + " #" +
            std::to_string(session.events) + " " + session.session_id.value_or("") +
            (session.is_over ? " over" : "") + " " + session.landing_page.value_or("") + " " +
            session.exit_page.value_or("") + "; ";
  return text;
}

std::string shown(const std::vector<Step>& steps) {
  std::string text;
  for (const Step& step : steps)
    text += std::to_string(step.time.us) + "/" + std::to_string(step.arrival_no) + " " +
            step.circumstances.session_id.value_or("") + std::to_string(static_cast<int>(step.boundary)) +
            "; ";
  return text;
}

Step random_step(std::mt19937_64& random, int64_t arrival_no, int64_t range, bool with_ids) {
  Step step = step_at(static_cast<int64_t>(random() % static_cast<uint64_t>(range)), arrival_no);
  step.event_no = static_cast<int32_t>(random() % 5);
  if (with_ids) {
    if (random() % 8 == 0) step.boundary = Boundary::Start;
    if (random() % 8 == 0) step.boundary = Boundary::End;
    if (random() % 3 == 0) step.circumstances.session_id = std::string(1, "ab"[random() % 2]);
  }
  if (random() % 3 == 0) step.circumstances.url = "/" + std::to_string(random() % 9);
  if (random() % 4 == 0) step.circumstances.referrer = "r" + std::to_string(random() % 9);
  if (random() % 5 == 0) step.circumstances.campaign[0] = "c" + std::to_string(random() % 9);
  return step;
}

TEST(Sessionizer, EndsAfterMoreThanTheTimeout) {
  Memory user;
  user.add({step_at(0, 1), step_at(10, 2), step_at(21, 3)});
  EXPECT_EQ(shown(user.all()), "0-10 #2   ; 21-21 #1   ; ");
}

TEST(Sessionizer, ComesOutAsIfEventsHadComeInOrder) {
  const uint64_t seed = std::random_device()();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937_64 random(seed);
  for (int round = 0; round < 20000; ++round) {
    Memory user;
    int64_t arrival_no = 0;
    const auto range = static_cast<int64_t>(20 + random() % 180);
    std::vector<Step> all;
    for (int batch = 0; batch < 6; ++batch) {
      std::vector<Step> steps;
      for (uint64_t i = random() % 5; i > 0; --i)
        steps.push_back(random_step(random, ++arrival_no, range, round % 2 == 1));
      all.insert(all.end(), steps.begin(), steps.end());
      user.add(steps);
      const std::vector<Session> expected = by_definition(all);
      ASSERT_EQ(user.all(), expected) << shown(all) << "\n" << shown(user.all()) << "\n" << shown(expected);
    }
  }
}

TEST(Sessionizer, MakesTheSessionsOfTwoUsersThoseOfOne) {
  const uint64_t seed = std::random_device()();
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937_64 random(seed);
  for (int round = 0; round < 20000; ++round) {
    Memory winner;
    Memory loser;
    int64_t arrival_no = 0;
    const auto range = static_cast<int64_t>(20 + random() % 180);
    for (int i = 0; i < 20; ++i)
      (random() % 3 == 0 ? loser : winner).add({random_step(random, ++arrival_no, range, round % 2 == 1)});
    winner.store(loser.events);
    Sessionizer sessionizer(winner, kTimeout);
    for (const Session& session : loser.all()) sessionizer.redo(session.started_at, session.ended_at);
    winner.apply(sessionizer.changes());
    const std::vector<Session> expected = by_definition(winner.events);
    ASSERT_EQ(winner.all(), expected) << shown(winner.events) << "\n"
                                      << shown(winner.all()) << "\n"
                                      << shown(expected);
  }
}

TEST(Sessionizer, ReadsLittleForALateEventInALongSession) {
  Memory user;
  for (int64_t i = 0; i < 1000; ++i) user.add({step_at(i * 5, i)});
  user.read = 0;
  for (int64_t i = 0; i < 100; ++i) user.add({step_at(2500 + i, 1000 + i)});
  EXPECT_EQ(user.all().size(), 1U);
  EXPECT_EQ(user.read, 0);
}

std::string origin_of(const char* properties, const char* context) {
  const Circumstances said = read_circumstances(parse_json(properties), parse_json(context));
  std::string text =
      said.session_id.value_or("-") + " " + said.url.value_or("-") + " " + said.referrer.value_or("-");
  for (const auto& part : said.campaign) text += " " + part.value_or("-");
  return text + (said.has_origin() ? "" : " nowhere");
}

TEST(Circumstances, AreWhereSourcesKeepThem) {
  EXPECT_EQ(origin_of("{}", "{}"), "- - - - - - - - nowhere");
  EXPECT_EQ(origin_of("{}", R"({"session_id": 5})"), "5 - - - - - - - nowhere");
  EXPECT_EQ(origin_of("{}", R"({"session_id": 0, "sessionId": "s"})"), "s - - - - - - - nowhere");
  EXPECT_EQ(origin_of("{}", R"({"session_id": "undefined"})"), "- - - - - - - - nowhere");
  EXPECT_EQ(origin_of(R"({"url": "/a"})", "{}"), "- /a - - - - - -");
  EXPECT_EQ(origin_of(R"({"url": "/a"})", R"({"page": {"url": "/b", "referrer": "https://r.no/"}})"),
            "- /b https://r.no/ - - - - -");
  EXPECT_EQ(origin_of(R"({"url": 5, "$referrer": "$direct"})", R"({"page": "x"})"),
            "- - - - - - - - nowhere");
  EXPECT_EQ(origin_of(R"({"referrer": "r"})", R"({"referrer": {"id": 5}})"), "- - r - - - - -");
  EXPECT_EQ(origin_of("{}", R"({"referrer": "r"})"), "- - r - - - - -");
  EXPECT_EQ(origin_of(R"({"utm_source": "b", "utm_term": "t"})",
                      R"({"campaign": {"source": "a", "medium": "m", "name": "n"}, "utm_content": "c"})"),
            "- - - a m n t c");
}

TEST(Circumstances, ReadTheCampaignOfAUrl) {
  EXPECT_EQ(
      origin_of("{}", R"({"url": "/?utm_source=a+b&utm_medium=%C3%A6&x=1&utm_campaign=a%20b#utm_term=no"})"),
      "- /?utm_source=a+b&utm_medium=%C3%A6&x=1&utm_campaign=a%20b#utm_term=no - a b æ a b - -");
  // What would be no text stays as it is; of two the first with a value; nothing is read behind the end.
  EXPECT_EQ(origin_of("{}", R"({"url": "?utm_source=%FF&utm_medium=%00&utm_term=%4&utm_content="})"),
            "- ?utm_source=%FF&utm_medium=%00&utm_term=%4&utm_content= - %FF %00 - %4 -");
  EXPECT_EQ(origin_of("{}", R"({"url": "?utm_source=&utm_source=b&utm_source=c&utm_medium"})"),
            "- ?utm_source=&utm_source=b&utm_source=c&utm_medium - b - - - -");
}

}  // namespace
}  // namespace cdp::session
