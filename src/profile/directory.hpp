#pragma once

#include "base/json.hpp"
#include "base/time.hpp"
#include "event/store.hpp"
#include "profile/identity_kind.hpp"
#include "profile/identity_log.hpp"

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace cdp::pg {
class Spi;
}

namespace cdp::profile {

/// How many ids, by IdentityKind.
using IdCounts = std::array<int64_t, kIdentityKinds>;

/// One person as a batch sees and changes it.
struct Profile {
  int64_t user_no = 0;
  std::optional<std::string> user_id;
  Json traits = Json(Json::Object());
  Json trait_times = Json(Json::Object());
  Instant first_seen = Instant::max();
  Instant last_seen = Instant::min();
  Instant last_seen_before = Instant::min();  ///< in this batch, also of who was merged into this one
  bool is_new = false;
  uint64_t place = 0;        ///< of its row, unless it is new
  bool has_changed = false;  ///< in what is not about traits
  bool have_traits_changed = false;
  std::vector<std::string> changed_traits;  ///< names of those that have another value now; may repeat
  /// The ids by which the person is known; without those that were stored before the batch until
  /// `are_ids_counted`.
  IdCounts ids{};
  bool are_ids_counted = false;
};

/// `loser` became part of `winner`, by a message of these times.
struct Merge {
  int64_t loser = 0;
  int64_t winner = 0;
  Instant at;
  Instant received_at;
};

/// An existing profile got a user id, or another one, by a message of these times.
struct Renamed {
  int64_t user_no = 0;
  Instant at;
  Instant received_at;
};

/// The people of one batch: loads those that its messages name, resolves the messages one after the other,
/// and writes everything back at once. Requires the process lock.
///
/// Rules (the anonymous id a, the user ids u, v): a message with u alone is u's, one with a alone is a's
/// profile, made if new. One with both ties a to u: a new a becomes u's; an a that nobody has claimed is
/// merged into u, with all it did; an a that belongs to another user v is handed over, so that u takes what
/// comes later and v keeps what was. An alias merges two ids on purpose; to itself it says nothing. Nobody
/// gets more ids of a kind than cdp.identity_kind allows: what would lead there is refused, the message is
/// that of its user id, and the other id stays whose it was.
class Directory {
 public:
  Directory(pg::Spi& spi, std::span<const event::Received> messages);

  /// Takes in one message: finds or makes its person, ties ids, merges, sets traits. Returns the person's
  /// number, which later messages of the batch may still merge into another (see current()).
  int64_t resolve(const event::Received& received);

  /// The number that stands for `user_no` after all merges so far.
  int64_t current(int64_t user_no) const;

  Profile& profile(int64_t user_no) { return profiles_.at(current(user_no)); }
  const std::unordered_map<int64_t, Profile>& profiles() const { return profiles_; }
  /// In the order in which they happened. Losers that were only made in this batch are not among them.
  const std::vector<Merge>& merges() const { return merges_; }
  const std::vector<Renamed>& renamed() const { return renamed_; }

  /// Writes profiles, identities and, as recorded at `now`, the log; deletes the profiles of losers.
  void save(Instant now);

 private:
  /// Whose an id is.
  struct Identity {
    int64_t user_no = 0;
    uint64_t place = 0;      ///< of its row; 0 if it has none yet
    bool is_untied = false;  ///< to be written
  };
  /// How many ids of each kind a person may have; nullopt: any number.
  using Limits = std::array<std::optional<int64_t>, kIdentityKinds>;

  void load_profiles();
  std::optional<int64_t> find(IdentityKind kind, const std::string& value) const;
  int64_t make();
  void tie(IdentityKind kind, const std::string& value, int64_t user_no);
  int64_t find_or_make(IdentityKind kind, const std::string& value);
  Person person(int64_t user_no) const { return {user_no, profiles_.at(user_no).user_id}; }
  const Limits& limits();
  void count_ids(Profile& profile);
  /// The kind of which the person would have too many ids with `more` of them.
  std::optional<IdentityKind> limit_against(int64_t user_no, const IdCounts& more);
  void merge(int64_t loser, int64_t winner, const event::Message& message);
  /// Returns the id before.
  std::optional<std::string> rename(int64_t user_no, const event::Message& message);
  void merge_if_allowed(int64_t loser, int64_t winner, const Link& link, const event::Received& cause);
  int64_t resolve_alias(const event::Received& received);
  int64_t resolve_tie(const event::Received& received);
  void save_profiles();
  void note_changed(const std::vector<const Profile*>& saved);
  void save_identities();

  pg::Spi& spi_;
  std::array<std::unordered_map<std::string, Identity>, kIdentityKinds> identities_;  ///< by IdentityKind
  std::unordered_map<int64_t, Profile> profiles_;
  std::unordered_map<int64_t, int64_t> merged_into_;
  std::vector<Merge> merges_;
  std::vector<Renamed> renamed_;
  IdentityLog log_;
  std::optional<Limits> limits_;  ///< read when first needed
  std::optional<int64_t> last_user_no_;
  bool has_counted_ = false;
};

/// The number of a user id, or else of an anonymous id; nullopt if unknown. One index look-up.
std::optional<int64_t> find_user(pg::Spi& spi, std::string_view id);

/// All by which a person was ever known.
struct Names {
  std::vector<int64_t> numbers;  ///< the person's own, then those of who was merged into it, as the log knows
  std::vector<std::string> ids;
};
Names names_of(pg::Spi& spi, int64_t user_no);

/// Deletes the profile and the ids of a person, and what the log says of it.
void forget_person(pg::Spi& spi, int64_t user_no, const Names& names);

}  // namespace cdp::profile
