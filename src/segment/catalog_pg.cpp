#include "base/error.hpp"
#include "pg/clock.hpp"
#include "pg/guard.hpp"
#include "pg/spi.hpp"
#include "segment/catalog.hpp"
#include "segment/chunks.hpp"
#include "segment/near_names.hpp"

#include <algorithm>
#include <set>

extern "C" {
#include <access/xact.h>
#include <catalog/namespace.h>
#include <storage/lock.h>
#include <utils/inval.h>
#include <utils/lsyscache.h>
}

namespace cdp::segment {

namespace {

std::unique_ptr<Catalog> loaded;
bool is_loaded_current = false;
/// What a transaction of one snapshot sees, for the questions it asks.
std::unique_ptr<Catalog> frozen;
bool is_frozen_current = false;
TimestampTz frozen_transaction = 0;  ///< when it started
Oid segment_table = InvalidOid;

void forget(Datum /*argument*/, Oid relation) {
  if (relation == segment_table || relation == InvalidOid) is_loaded_current = is_frozen_current = false;
}

Oid find_segment_table() {
  return pg::guard([] { return get_relname_relid("segment", get_namespace_oid("cdp", false)); });
}

}  // namespace

namespace {

/// The members of a segment as they are stored when they are first asked for: whoever changes them makes the
/// catalog be loaded again.
class StoredUsers final : public rule::UserSet {
 public:
  StoredUsers(int32_t segment_no, bool is_frozen) : segment_no_(segment_no), is_frozen_(is_frozen) {}

  const bitmap::Bitmap& users() const override {
    if (!users_) {
      std::optional<pg::LatestSnapshot> latest;
      if (!is_frozen_) latest.emplace();
      pg::Spi spi(pg::Spi::Mode::ReadOnly);
      users_ = present_members(spi, segment_no_);
    }
    return *users_;
  }

 private:
  int32_t segment_no_;
  bool is_frozen_;  ///< to what the transaction's snapshot sees
  mutable std::optional<bitmap::Bitmap> users_;
};

Kind kind_of(const std::string& name) {
  return name == "rule" ? Kind::Rule : name == "list" ? Kind::List : Kind::Query;
}

Status status_of(const std::string& name) {
  return name == "ready" ? Status::Ready : name == "paused" ? Status::Paused : Status::Pending;
}

std::vector<Definition> read_definitions(pg::Spi& spi, bool is_frozen) {
  static pg::Query query(
      "SELECT segment_no, name, kind, rule, status, coalesce(members_no, segment_no), next_no FROM "
      "cdp.segment");
  std::vector<Definition> definitions;
  const pg::Rows rows = query(spi);
  for (uint64_t i = 0; i < rows.size(); ++i) {
    Definition& definition = definitions.emplace_back();
    definition.segment_no = rows.integer(i, 0);
    definition.number = rows.integer(i, 5);
    definition.name = rows.text(i, 1);
    definition.kind = kind_of(rows.text(i, 2));
    if (!rows.is_null(i, 3)) definition.rule = rule::parse(rows.text(i, 3));
    definition.status = status_of(rows.text(i, 4));
    definition.is_gathered_anew = !rows.is_null(i, 6);
    if (definition.kind != Kind::Rule || definition.status == Status::Paused || definition.is_gathered_anew)
      definition.users = std::make_shared<StoredUsers>(definition.segment_no, is_frozen);
    if (!definition.is_gathered_anew) continue;
    Definition next = definition;
    next.number = rows.integer(i, 6);
    next.is_next = true;
    next.is_gathered_anew = false;
    next.users.reset();
    definitions.push_back(std::move(next));
  }
  std::sort(definitions.begin(), definitions.end(),
            [](const Definition& a, const Definition& b) { return a.number < b.number; });
  return definitions;
}

/// What the segment is to be evaluated by.
rule::Rule meaning_of(const Definition& definition) {
  if (!definition.users) return definition.rule;
  return rule::Rule(std::make_shared<const rule::Node>(rule::Node{rule::InSegment{definition.name}}));
}

}  // namespace

// By the newest snapshot, whatever the running query's: what is kept for later commands must not be older
// than the last invalidation that came in, and a check must not pass over what was committed since.
std::vector<Definition> load_definitions() {
  pg::LatestSnapshot latest;
  pg::Spi spi(pg::Spi::Mode::ReadOnly);
  return read_definitions(spi, false);
}

const Catalog& Catalog::current(pg::Spi& spi) {
  static bool is_registered = false;
  if (!is_registered) {
    pg::guard([] { CacheRegisterRelcacheCallback(forget, 0); });
    is_registered = true;
  }
  // A new table of that name (the extension was made anew) has another number.
  const Oid table = find_segment_table();
  if (std::exchange(segment_table, table) != table) is_loaded_current = is_frozen_current = false;
  if (spi.is_read_only() && IsolationUsesXactSnapshot()) {
    const TimestampTz transaction = GetCurrentTransactionStartTimestamp();
    if (frozen && is_frozen_current && frozen_transaction == transaction) return *frozen;
    is_frozen_current = true;
    frozen_transaction = transaction;
    frozen.reset();
    frozen = std::make_unique<Catalog>(read_definitions(spi, true));
    return *frozen;
  }
  if (loaded && is_loaded_current) return *loaded;
  is_loaded_current = true;
  loaded.reset();
  loaded = std::make_unique<Catalog>(load_definitions());
  return *loaded;
}

void Catalog::invalidate() {
  const Oid table = find_segment_table();
  pg::guard([&] { CacheInvalidateRelcacheByRelid(table); });
  is_loaded_current = is_frozen_current = false;
}

Catalog::Catalog(std::vector<Definition> definitions) : definitions_(std::move(definitions)) {
  for (size_t i = 0; i < definitions_.size(); ++i) {
    (definitions_[i].is_next ? next_by_name_ : by_name_).emplace(definitions_[i].name, static_cast<int>(i));
    by_number_.emplace(definitions_[i].number, static_cast<int>(i));
  }
  std::vector<rule::BoundRule> bound;
  rule::ConditionNumbers numbers;
  for (const Definition& definition : definitions_)
    bound.push_back(
        bind(meaning_of(definition), demand_, &numbers, definition.is_next ? Names::Next : Names::Present));
  rules_ = RuleSet(std::move(bound), numbers.size());
}

const Definition* Catalog::find(std::string_view name) const {
  const auto found = by_name_.find(std::string(name));
  return found == by_name_.end() ? nullptr : &definitions_[found->second];
}

const Definition& Catalog::require(std::string_view name) const {
  if (const Definition* definition = find(name)) return *definition;
  throw Error(Category::NotFound, "segment \"" + std::string(name) + "\" does not exist", {},
              "SELECT name FROM cdp.segment lists the segments.");
}

const Definition& Catalog::segment(int32_t segment_no) const {
  const auto found =
      std::find_if(definitions_.begin(), definitions_.end(), [&](const Definition& definition) {
        return definition.segment_no == segment_no && !definition.is_next;
      });
  if (found == definitions_.end())
    throw Error(Category::Internal, "segment number " + std::to_string(segment_no) + " is not known");
  return *found;
}

std::optional<int> Catalog::index_of(int32_t number) const {
  const auto found = by_number_.find(number);
  if (found == by_number_.end()) return std::nullopt;
  return found->second;
}

rule::BoundRule Catalog::bind(const rule::Rule& rule, timeline::Demand& demand,
                              rule::ConditionNumbers* numbers, Names names) const {
  for (const std::string& name : rule::segments_named(rule)) {
    if (find(name) != nullptr) continue;
    std::vector<std::string> known;
    for (const Definition& definition : definitions_)
      if (!definition.is_next) known.push_back(definition.name);
    throw Error(Category::NotFound, "segment \"" + name + "\" does not exist", {}, hint_for(name, known));
  }
  return rule::bind(rule, demand, resolver(names), numbers);
}

rule::SegmentResolver Catalog::resolver(Names names) const {
  return [this, names](const std::string& name) -> rule::Membership {
    if (const auto next = next_by_name_.find(name); names == Names::Next && next != next_by_name_.end())
      return &definitions_[next->second].rule;
    const Definition* definition = find(name);
    if (definition == nullptr) return {};
    if (definition->users) return definition->users;
    return &definition->rule;
  };
}

std::vector<int32_t> Catalog::with_dependents(const std::vector<int32_t>& numbers) const {
  std::set<int32_t> result(numbers.begin(), numbers.end());
  for (bool has_grown = true; has_grown;) {
    has_grown = false;
    for (const Definition& definition : definitions_) {
      if (definition.is_next || result.contains(definition.number)) continue;
      const std::vector<std::string> named = rule::segments_named(definition.rule);
      if (std::none_of(named.begin(), named.end(), [&](const std::string& name) {
            const Definition* other = find(name);
            return other != nullptr && result.contains(other->number);
          }))
        continue;
      result.insert(definition.number);
      has_grown = true;
    }
  }
  return {result.begin(), result.end()};
}

void lock_processing() {
  // As an advisory lock of a kind of its own, so that it never meets a user's.
  constexpr uint16 kLockKind = 0xCD;
  pg::guard([] {
    LOCKTAG tag;
    SET_LOCKTAG_ADVISORY(tag, MyDatabaseId, 0, 1, kLockKind);
    (void)LockAcquire(&tag, ExclusiveLock, false, false);
    // What others changed while this waited is to be known.
    AcceptInvalidationMessages();
  });
}

void refuse_old_snapshot(const std::string& what, const char* verb) {
  if (IsolationUsesXactSnapshot())
    throw Error(Category::State,
                what + " in a transaction of isolation level repeatable read or serializable", {},
                std::string(verb) + " it in one of level read committed.");
}

Instant processing_now(pg::Spi& spi) {
  static pg::Query query("SELECT clock FROM cdp.inbox_cursor");
  return std::max(pg::now(), query(spi).instant(0, 0));
}

}  // namespace cdp::segment
