/// Functions that rules of segments call, for everyone: cdp.segment_call and cdp.segment_call_value.

#include "base/error.hpp"
#include "base/interrupt.hpp"
#include "pg/act_as.hpp"
#include "pg/guard.hpp"
#include "pg/index_lookup.hpp"
#include "pg/spi.hpp"
#include "segment/backfill.hpp"
#include "segment/call.hpp"
#include "segment/catalog.hpp"
#include "segment/changes.hpp"
#include "segment/membership.hpp"
#include "segment/run_as_pg.hpp"
#include "segment/settings.hpp"

#include <algorithm>

namespace cdp::segment {

namespace {

/// A row of cdp.segment_call.
struct StoredCall {
  int32_t number = 0;
  std::string function;
  RunAs run_as;
  std::optional<Instant> refreshed_at;
};

/// nullopt where it was removed.
std::optional<StoredCall> stored_call(pg::Spi& spi, int32_t number) {
  static pg::Query query(
      "SELECT function, run_as, search_path, refreshed_at FROM cdp.segment_call WHERE call_no = $1");
  const pg::Rows rows = query(spi, number);
  if (rows.empty()) return std::nullopt;
  StoredCall call{number, rows.text(0, 0), {rows.text(0, 1), rows.text(0, 2)}, {}};
  if (!rows.is_null(0, 3)) call.refreshed_at = rows.instant(0, 3);
  return call;
}

std::vector<std::string> texts_of(const std::vector<rule::ValuePath>& functions) {
  std::vector<std::string> texts;
  for (const rule::ValuePath& function : functions) texts.push_back(function_text(function));
  return texts;
}

/// Their numbers, in ascending order.
std::vector<int32_t> numbers_of(pg::Spi& spi, const std::vector<std::string>& functions) {
  static pg::Query query("SELECT call_no FROM cdp.segment_call WHERE function = ANY($1) ORDER BY call_no");
  std::vector<int32_t> numbers;
  const pg::Rows rows = query(spi, functions);
  for (uint64_t i = 0; i < rows.size(); ++i) numbers.push_back(rows.integer(i, 0));
  return numbers;
}

/// What a function gave for everyone: JSON of each user, empty where it was null.
class Values {
 public:
  void add(int64_t user_no, const std::optional<std::string>& json) {
    users_.push_back(user_no);
    if (json && *json != "null") texts_ += *json;
    ends_.push_back(texts_.size());
  }

  /// Calls `f(users, texts)` with some thousand of them at once, in the order in which they were added.
  template <class F>
  void in_pieces(F&& f) const {
    constexpr size_t kAtOnce = 10000;
    for (size_t begin = 0; begin < users_.size(); begin += kAtOnce) {
      check_interrupts();
      const size_t end = std::min(begin + kAtOnce, users_.size());
      std::vector<int64_t> users;
      std::vector<std::optional<std::string>> texts;
      for (size_t i = begin; i < end; ++i) {
        const size_t from = i > 0 ? ends_[i - 1] : 0;
        users.push_back(users_[i]);
        texts.push_back(from < ends_[i] ? std::optional(texts_.substr(from, ends_[i] - from)) : std::nullopt);
      }
      f(users, texts);
    }
  }

 private:
  std::vector<int64_t> users_;
  std::string texts_;
  std::vector<size_t> ends_;
};

/// Calls a function for everyone, as its role sees what is committed now.
Values run(const StoredCall& call) {
  Values values;
  const pg::ReadOnly read_only;
  read_as(call.run_as, "function " + call.function + " of rules", "cdp.segment_call",
          "SELECT p.user_no, pg_catalog.to_jsonb(" + call.function +
              "(p)) FROM cdp.profile AS p ORDER BY p.user_no",
          [&](const pg::Rows& rows) {
            for (uint64_t i = 0; i < rows.size(); ++i) values.add(rows.bigint(i, 0), rows.as_text(i, 1));
          });
  return values;
}

/// Writes what differs; whose value it was. Who is gone since the function was called has none.
bitmap::Bitmap write_values(pg::Spi& spi, int32_t call_no, const Values& values) {
  static pg::Query write(
      "WITH differing AS MATERIALIZED ("
      " SELECT n.user_no, n.value::jsonb AS value FROM unnest($2::bigint[], $3::text[]) AS n (user_no, value)"
      " JOIN cdp.profile AS p ON p.user_no = n.user_no"
      " LEFT JOIN cdp.segment_call_value AS c ON c.user_no = n.user_no AND c.call_no = $1"
      " WHERE c.value IS DISTINCT FROM n.value::jsonb),"
      " removed AS (DELETE FROM cdp.segment_call_value AS c USING differing AS d"
      "  WHERE d.value IS NULL AND c.user_no = d.user_no AND c.call_no = $1),"
      " written AS (INSERT INTO cdp.segment_call_value (call_no, user_no, value)"
      "  SELECT $1, user_no, value FROM differing WHERE value IS NOT NULL"
      "  ON CONFLICT (user_no, call_no) DO UPDATE SET value = excluded.value)"
      " SELECT user_no FROM differing");
  bitmap::Bitmap changed;
  values.in_pieces(
      [&](const std::vector<int64_t>& users, const std::vector<std::optional<std::string>>& texts) {
        const pg::Rows rows = write(spi, call_no, users, texts);
        for (uint64_t i = 0; i < rows.size(); ++i) changed.add(static_cast<uint32_t>(rows.bigint(i, 0)));
      });
  return changed;
}

/// Whose values changed, and of which functions.
struct Changed {
  std::vector<std::string> functions;
  bitmap::Bitmap users;
};

void replace_values(pg::Spi& spi, const StoredCall& call, const Values& values, Instant now,
                    Changed& changed) {
  const bitmap::Bitmap users = write_values(spi, call.number, values);
  static pg::Query record(
      "UPDATE cdp.segment_call SET refreshed_at = $2, failed_at = NULL, error = NULL WHERE call_no = $1");
  (void)record(spi, call.number, now);
  if (users.is_empty()) return;
  changed.functions.push_back(call.function);
  changed.users |= users;
}

/// Brings users whose values changed up to date in the segments that call the functions.
void follow_values(pg::Spi& spi, const Changed& changed, Instant now) {
  if (changed.users.is_empty()) return;
  const Catalog& catalog = Catalog::current(spi);
  std::vector<int32_t> segments;
  for (size_t i = 0; i < catalog.definitions().size(); ++i) {
    const std::vector<std::string> called = texts_of(catalog.rules()[i].calls());
    const bool calls_one = std::any_of(called.begin(), called.end(), [&](const std::string& function) {
      return std::find(changed.functions.begin(), changed.functions.end(), function) !=
             changed.functions.end();
    });
    if (calls_one) segments.push_back(catalog.definitions()[i].number);
  }
  look_again(spi, segments, changed.users, now, Reason::Trait);
}

/// What a function gave, before the process lock was taken.
struct Run {
  StoredCall call;
  Values values;
};

/// Makes them the stored values. One that was refreshed meanwhile runs again: what it gave may be older.
void replace_values(const std::vector<Run>& runs) {
  pg::Spi spi;
  lock_processing();
  const Instant now = processing_now(spi);
  Announcement announcement(spi);
  Changed changed;
  for (const Run& done : runs) {
    const std::optional<StoredCall> call = stored_call(spi, done.call.number);
    if (!call) continue;
    if (call->refreshed_at == done.call.refreshed_at)
      replace_values(spi, *call, done.values, now, changed);
    else
      replace_values(spi, *call, run(*call), now, changed);
  }
  (void)compute_pending(spi, now, Orphans::Take);
  follow_values(spi, changed, now);
  announcement.send();
}

void record_failure(const StoredCall& call, const std::string& message, Instant now) {
  pg::Spi spi;
  static pg::Query record("UPDATE cdp.segment_call SET failed_at = $2, error = $3 WHERE call_no = $1");
  (void)record(spi, call.number, now, message);
  pg::guard([&] {
    ereport(WARNING, (errmsg("function %s of rules failed: %s", call.function.c_str(), message.c_str()),
                      errdetail("Its values stay as they were.")));
  });
}

/// Is there any?
bool has_calls(const pg::Spi& spi) {
  pg::IndexLookup functions("cdp", "segment_call", "segment_call_function_key", spi.sees());
  functions.seek_up(std::string_view());
  return functions.next().has_value();
}

}  // namespace

void claim_calls(pg::Spi& spi, const rule::Rule& rule, const RunAs& definer) {
  static pg::Query may_execute("SELECT pg_catalog.has_function_privilege($1 || '(cdp.profile)', 'EXECUTE')");
  static pg::Query insert(
      "INSERT INTO cdp.segment_call (function, run_as, search_path) VALUES ($1, $2, $3)"
      " ON CONFLICT (function) DO NOTHING");
  static pg::Query find("SELECT run_as FROM cdp.segment_call WHERE function = $1");
  for (const std::string& function : texts_of(rule::references(rule).calls)) {
    if (!may_execute(spi, function).boolean(0, 0))
      throw Error(Category::Forbidden, "permission denied for function " + function, "The rule calls it.",
                  "GRANT EXECUTE ON FUNCTION " + function + "(cdp.profile) allows it.");
    (void)insert(spi, function, definer.role, definer.search_path);
    const std::string role = find(spi, function).text(0, 0);
    if (!may_run_as(role))
      throw Error(Category::Forbidden, "role \"" + role + "\" cannot be made to run function " + function,
                  "A rule that was there before has it run with the rights of that role.",
                  "Only who can become that role may define another rule that calls it.");
  }
}

void remove_unused_calls(pg::Spi& spi) {
  if (!has_calls(spi)) return;
  std::vector<std::string> used;
  for (const Definition& definition : load_definitions())
    for (std::string& function : texts_of(rule::references(definition.rule).calls))
      used.push_back(std::move(function));
  static pg::Query remove("DELETE FROM cdp.segment_call WHERE function <> ALL($1) RETURNING call_no");
  static pg::Query remove_values("DELETE FROM cdp.segment_call_value WHERE call_no = $1");
  const pg::Rows rows = remove(spi, used);
  for (uint64_t i = 0; i < rows.size(); ++i) (void)remove_values(spi, rows.integer(i, 0));
}

void remove_call_values(pg::Spi& spi, const std::vector<int64_t>& users) {
  if (users.empty() || !has_calls(spi)) return;
  static pg::Query remove("DELETE FROM cdp.segment_call_value WHERE user_no = ANY($1)");
  (void)remove(spi, users);
}

void define_calls(pg::Spi& spi, const std::vector<rule::Rule>& rules, Instant now,
                  const std::function<void()>& compute) {
  std::vector<std::string> functions;
  for (const rule::Rule& rule : rules)
    for (std::string& function : texts_of(rule::references(rule).calls))
      functions.push_back(std::move(function));
  Changed changed;
  if (!functions.empty())
    for (const int32_t number : numbers_of(spi, functions))
      if (const std::optional<StoredCall> call = stored_call(spi, number))
        replace_values(spi, *call, run(*call), now, changed);
  compute();
  follow_values(spi, changed, now);
}

void refresh_calls_of(int32_t segment_no) {
  std::vector<int32_t> numbers;
  {
    pg::Spi spi(pg::Spi::Mode::ReadOnly);
    const Catalog& catalog = Catalog::current(spi);
    const std::vector<Definition>& definitions = catalog.definitions();
    std::optional<size_t> index;
    for (size_t i = 0; i < definitions.size(); ++i)
      if (definitions[i].segment_no == segment_no && catalog.rules()[i].uses_calls()) index = i;
    if (!index) return;
    refuse_old_snapshot("functions of rules cannot be called", "Do");
    numbers = numbers_of(spi, texts_of(catalog.rules()[*index].calls()));
  }
  std::vector<Run> runs;
  for (const int32_t number : numbers) {
    (void)lock_run(RunKind::Call, number, true);
    std::optional<StoredCall> call;
    {
      const pg::LatestSnapshot latest;
      pg::Spi spi(pg::Spi::Mode::ReadOnly);
      call = stored_call(spi, number);
    }
    if (call) runs.push_back({*call, run(*call)});
  }
  replace_values(runs);
}

std::optional<DueRun> due_call(pg::Spi& spi, Instant now) {
  const RuleSet& rules = Catalog::current(spi).rules();
  if (!rules.use_calls()) return std::nullopt;
  static pg::Query query(
      "SELECT c.call_no, due.at FROM cdp.segment_call AS c, LATERAL (SELECT"
      " coalesce(greatest(c.refreshed_at, c.failed_at) + $2 * interval '1 second', '-infinity') AS at) AS due"
      " WHERE c.function = ANY($3) AND due.at <= $1 ORDER BY due.at, c.call_no LIMIT 1");
  const pg::Rows rows =
      query(spi, now, static_cast<double>(call_refresh() / kSecond), texts_of(rules.calls()));
  if (rows.empty()) return std::nullopt;
  return DueRun{rows.integer(0, 0), rows.instant(0, 1)};
}

bool refresh_call(int32_t call_no, Instant now, Micros limit) {
  if (!lock_run(RunKind::Call, call_no, false)) return false;
  std::optional<StoredCall> call;
  {
    pg::Spi spi;
    call = stored_call(spi, call_no);
  }
  if (!call) return false;
  Values values;
  if (const std::optional<std::string> failure = failure_of(limit, [&] { values = run(*call); }))
    record_failure(*call, *failure, now);
  else
    replace_values({{*call, std::move(values)}});
  return true;
}

}  // namespace cdp::segment
