#pragma once

#include "base/time.hpp"
#include "event/store.hpp"
#include "profile/identity_kind.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <tuple>
#include <vector>

namespace cdp::pg {
class Spi;
}

namespace cdp::profile {

/// Someone as the log names them: as they were at the time of the change.
struct Person {
  int64_t user_no = 0;
  std::optional<std::string> user_id;
};

/// An id by which two people were found to be one.
struct Link {
  IdentityKind kind;
  std::string value;
};

/// The changes of who is who that a batch makes, for cdp.identity_log. What it writes depends on the
/// messages and their order alone, not on how they were cut into batches.
class IdentityLog {
 public:
  /// `loser` became part of `winner`.
  void merged(const Person& winner, const Person& loser, const Link& link, const event::Received& cause);
  /// A profile got the user id that it has now, instead of none or `previous_id`.
  void named(const Person& person, const std::optional<std::string>& previous_id, const Link& link,
             const event::Received& cause);
  /// The device went from one user to another.
  void handed_over(const Person& to, const Person& from, const Link& link, const event::Received& cause);
  /// The id was not tied to `to`, nor `from` (if it is anyone's) merged into them, since `to` would have had
  /// too many ids of the kind `limit`. Kept as one row for these two and this kind, with how often.
  void refused(const Person& to, const std::optional<Person>& from, const Link& link, IdentityKind limit,
               const event::Received& cause);

  /// Adds them to cdp.identity_log as recorded at `now`.
  void store(pg::Spi& spi, Instant now) const;

 private:
  struct Row {
    const char* change;
    Person to;
    std::optional<Person> from;  ///< number 0: only the id is known
    Link link;
    std::optional<IdentityKind> limit;
    int64_t times = 1;
    const char* reason;
    Instant time;
    std::string source;
    std::optional<std::string> insert_id;
  };

  /// What makes a refusal the same one: who would have got what from whom.
  using Refusal = std::tuple<int64_t, int64_t, IdentityKind>;

  static Row row_of(const char* change, const Person& to, const std::optional<Person>& from, const Link& link,
                    const event::Received& cause);

  std::vector<Row> rows_;
  std::map<Refusal, size_t> refusals_;  ///< index in rows_
};

}  // namespace cdp::profile
