/// What SQL asks of segments and of rules over users.

#include "base/error.hpp"
#include "bitmap/bitmap.hpp"
#include "pg/act_as.hpp"
#include "pg/boundary.hpp"
#include "pg/compat.hpp"
#include "pg/datum.hpp"
#include "pg/guard.hpp"
#include "pg/spi.hpp"
#include "profile/directory.hpp"
#include "segment/backfill.hpp"
#include "segment/call.hpp"
#include "segment/call_values_pg.hpp"
#include "segment/catalog.hpp"
#include "segment/changes.hpp"
#include "segment/chunks.hpp"
#include "segment/list.hpp"
#include "segment/members.hpp"
#include "segment/membership.hpp"
#include "segment/near_names.hpp"
#include "segment/number_list.hpp"
#include "segment/population.hpp"
#include "segment/reading_plan.hpp"

#include <algorithm>

namespace cdp::segment {

namespace {

/// A rule given as an argument, as it is meant in the session: read before SPI sets a search path of its own.
struct Asked {
  rule::Rule rule;
  std::string search_path = pg::current_search_path();

  explicit Asked(std::string_view text) : rule(with_schemas(rule::parse(text))) {}
};

/// A rule given as an argument, bound to a demand of its own.
struct Question {
  timeline::Demand demand;
  rule::BoundRule rule;
  std::optional<AskedCalls> calls;

  Question(pg::Spi& spi, const Asked& asked) : rule(Catalog::current(spi).bind(asked.rule, demand)) {
    if (rule.uses_calls()) calls.emplace(spi, asked.search_path);
  }

  /// The functions that it calls are called now.
  rule::Calls* asked_calls() { return calls ? &*calls : nullptr; }

  /// Calls `callback` with the state of one user.
  void ask(pg::Spi& spi, int64_t user_no, const std::function<void(const rule::UserState&)>& callback) {
    Needs needs;
    needs.add(rule);
    needs.asked = asked_calls();
    with_user(spi, demand, user_no, needs, callback);
  }
};

Instant finite(Instant at) {
  if (!at.is_finite()) throw Error(Category::BadValue, "at must be a finite time, not " + format_instant(at));
  return at;
}

bitmap::Bitmap users_matching(pg::Spi& spi, const Asked& asked, Instant at) {
  tell_near_names(spi, {asked.rule});
  Question question(spi, asked);
  return members_at(spi, question.rule, question.demand, at, question.asked_calls());
}

/// Numbers that a user's row has, ascending.
std::vector<int32_t> numbers_of(pg::Spi& spi, std::string_view user_id) {
  static pg::Query query(
      "SELECT m.segments FROM cdp.membership AS m WHERE m.user_no ="
      " (SELECT i.user_no FROM cdp.identity AS i WHERE i.value = $1 ORDER BY i.kind DESC LIMIT 1)");
  const pg::Rows rows = query(spi, user_id);
  return rows.empty() ? std::vector<int32_t>() : unpack_numbers(pg::bytes_of(rows.datum(0, 0)));
}

bool has_number(const std::vector<int32_t>& numbers, int32_t number) {
  return std::binary_search(numbers.begin(), numbers.end(), number);
}

/// Is the user a member, as the snapshot of `spi` has it?
bool is_member(pg::Spi& spi, const Definition& segment, std::string_view user_id) {
  // Nobody ever had it under another number.
  if (segment.number == segment.segment_no) return has_number(numbers_of(spi, user_id), segment.number);
  static pg::Query query(
      "SELECT m.segments, (SELECT coalesce(s.members_no, s.segment_no) FROM cdp.segment AS s WHERE"
      " s.segment_no = $2) FROM cdp.membership AS m WHERE m.user_no ="
      " (SELECT i.user_no FROM cdp.identity AS i WHERE i.value = $1 ORDER BY i.kind DESC LIMIT 1)");
  const pg::Rows rows = query(spi, user_id, segment.segment_no);
  if (rows.empty()) return false;
  const int32_t number = rows.is_null(0, 1) ? segment.segment_no : rows.integer(0, 1);
  return has_number(unpack_numbers(pg::bytes_of(rows.datum(0, 0))), number);
}

constexpr pg::Spi::Mode kReadOnly = pg::Spi::Mode::ReadOnly;

}  // namespace

}  // namespace cdp::segment

using namespace cdp;  // NOLINT(google-build-using-namespace): the functions below are the room's outside

namespace {

/// Runs `f` with SPI connected and makes its result a datum afterwards, in the caller's memory context.
template <class F>
auto with_spi(pg::Spi::Mode mode, F&& f) {
  pg::Spi spi(mode);
  return f(spi);
}

}  // namespace

CDP_FUNCTION(cdp_segment) {
  const pg::Arguments arguments(fcinfo);
  const std::string_view name = arguments.text(0);
  const bitmap::Bitmap members = with_spi(segment::kReadOnly, [&](pg::Spi& spi) {
    return segment::present_members(spi, segment::Catalog::current(spi).require(name).segment_no);
  });
  return pg::to_varlena(members.to_bytes());
}

CDP_FUNCTION(cdp_segment_size) {
  const pg::Arguments arguments(fcinfo);
  const std::string_view name = arguments.text(0);
  return Int64GetDatum(with_spi(segment::kReadOnly, [&](pg::Spi& spi) {
    const int32_t segment_no = segment::Catalog::current(spi).require(name).segment_no;
    return segment::count_present_members(spi, segment_no);
  }));
}

CDP_FUNCTION(cdp_segment_users) {
  const pg::Arguments arguments(fcinfo);
  const std::string_view name = arguments.text(0);
  std::vector<std::string> users;
  with_spi(segment::kReadOnly, [&](pg::Spi& spi) {
    const bitmap::Bitmap members =
        segment::present_members(spi, segment::Catalog::current(spi).require(name).segment_no);
    static pg::Query query(
        "SELECT coalesce(p.user_id, (SELECT i.value FROM cdp.identity AS i WHERE i.user_no = p.user_no"
        " ORDER BY i.value LIMIT 1), '') FROM unnest($1::bigint[]) AS n (user_no) JOIN cdp.profile AS p"
        " ON p.user_no = n.user_no ORDER BY p.user_no");
    std::vector<int64_t> piece;
    const auto ask = [&] {
      const pg::Rows rows = query(spi, piece);
      for (uint64_t i = 0; i < rows.size(); ++i) users.push_back(rows.text(i, 0));
      piece.clear();
    };
    members.for_each([&](uint32_t user) {
      piece.push_back(user);
      if (piece.size() == 10000) ask();
    });
    if (!piece.empty()) ask();
  });
  pg::RowSink sink(fcinfo);
  for (const std::string& user : users) sink.add({pg::to_text(user)});
  return 0;
}

CDP_FUNCTION(cdp_in_segment) {
  const pg::Arguments arguments(fcinfo);
  const std::string_view user_id = arguments.text(0);
  const std::string_view name = arguments.text(1);
  return BoolGetDatum(with_spi(segment::kReadOnly, [&](pg::Spi& spi) {
    return segment::is_member(spi, segment::Catalog::current(spi).require(name), user_id);
  }));
}

CDP_FUNCTION(cdp_segments) {
  const pg::Arguments arguments(fcinfo);
  const std::string_view user_id = arguments.text(0);
  const std::vector<std::string> names = with_spi(segment::kReadOnly, [&](pg::Spi& spi) {
    static pg::Query query(
        "SELECT name FROM cdp.segment WHERE coalesce(members_no, segment_no) = ANY($1::integer[])");
    std::vector<std::string> found;
    const std::vector<int32_t> numbers = segment::numbers_of(spi, user_id);
    if (numbers.empty()) return found;
    const pg::Rows rows = query(spi, numbers);
    for (uint64_t i = 0; i < rows.size(); ++i) found.push_back(rows.text(i, 0));
    std::sort(found.begin(), found.end());
    return found;
  });
  return pg::bound_value(names).value;
}

CDP_FUNCTION(cdp_segment_numbers) {
  const pg::Arguments arguments(fcinfo);
  return pg::to_array(segment::unpack_numbers(arguments.bytes(0)));
}

CDP_FUNCTION(cdp_match) {
  const pg::Arguments arguments(fcinfo);
  const std::string_view user_id = arguments.text(0);
  const std::string_view text = arguments.text(1);
  const Instant at = segment::finite(arguments.instant(2));
  const segment::Asked asked(text);
  return BoolGetDatum(with_spi(segment::kReadOnly, [&](pg::Spi& spi) {
    segment::Question question(spi, asked);
    bool truth = false;
    const std::optional<int64_t> user_no = profile::find_user(spi, user_id);
    if (user_no)
      question.ask(spi, *user_no, [&](const rule::UserState& state) {
        truth = rule::evaluate(question.rule, state, at).truth;
      });
    return truth;
  }));
}

CDP_FUNCTION(cdp_users) {
  const pg::Arguments arguments(fcinfo);
  const std::string_view text = arguments.text(0);
  const Instant at = segment::finite(arguments.instant(1));
  const segment::Asked asked(text);
  const bitmap::Bitmap users =
      with_spi(segment::kReadOnly, [&](pg::Spi& spi) { return segment::users_matching(spi, asked, at); });
  return pg::to_varlena(users.to_bytes());
}

CDP_FUNCTION(cdp_count) {
  const pg::Arguments arguments(fcinfo);
  const std::string_view text = arguments.text(0);
  const Instant at = segment::finite(arguments.instant(1));
  const segment::Asked asked(text);
  const bitmap::Bitmap users =
      with_spi(segment::kReadOnly, [&](pg::Spi& spi) { return segment::users_matching(spi, asked, at); });
  return Int64GetDatum(static_cast<int64_t>(users.cardinality()));
}

CDP_FUNCTION(cdp_explain) {
  const pg::Arguments arguments(fcinfo);
  const std::string_view user_id = arguments.text(0);
  const std::string_view text = arguments.text(1);
  const Instant at = segment::finite(arguments.instant(2));
  const segment::Asked asked(text);
  const Json explanation = with_spi(segment::kReadOnly, [&](pg::Spi& spi) {
    segment::tell_near_names(spi, {asked.rule});
    segment::Question question(spi, asked);
    const std::optional<int64_t> user_no = profile::find_user(spi, user_id);
    if (!user_no) throw Error(Category::NotFound, "user \"" + std::string(user_id) + "\" is not known");
    Json result;
    question.ask(spi, *user_no,
                 [&](const rule::UserState& state) { result = rule::explain(question.rule, state, at); });
    return result;
  });
  return pg::to_jsonb(explanation);
}

CDP_FUNCTION(cdp_explain_rule) {
  const pg::Arguments arguments(fcinfo);
  const std::string_view text = arguments.text(0);
  const Instant at = segment::finite(arguments.instant(1));
  const segment::Asked asked(text);
  const Json plan = with_spi(segment::kReadOnly, [&](pg::Spi& spi) {
    segment::tell_near_names(spi, {asked.rule});
    segment::Question question(spi, asked);
    return segment::reading_plan(spi, question.rule, question.demand, at, question.asked_calls());
  });
  return pg::to_jsonb(plan);
}

CDP_FUNCTION(cdp_refresh_segment) {
  const pg::Arguments arguments(fcinfo);
  const std::string_view name = arguments.text(0);
  const segment::Definition found = with_spi(
      segment::kReadOnly, [&](pg::Spi& spi) { return segment::Catalog::current(spi).require(name); });
  if (found.status == segment::Status::Paused)
    throw Error(Category::State, "segment \"" + std::string(name) + "\" is paused", {},
                "UPDATE cdp.segment SET status = 'ready' lets it go on.");
  if (found.kind == segment::Kind::Query) return Int64GetDatum(segment::refresh_query(found.segment_no));
  segment::refresh_calls_of(found.segment_no);
  return Int64GetDatum(with_spi(pg::Spi::Mode::ReadWrite, [&](pg::Spi& spi) {
    segment::lock_processing();
    segment::stop_gathering(spi, segment::Catalog::current(spi).require(name).segment_no);
    const segment::Catalog& catalog = segment::Catalog::current(spi);
    const segment::Definition& present = catalog.require(name);
    const int32_t segment_no = present.segment_no;
    segment::Announcement announcement(spi);
    segment::compute(spi, catalog, {present.number}, segment::processing_now(spi));
    announcement.send();
    static pg::Query size("SELECT size FROM cdp.segment WHERE segment_no = $1");
    return size(spi, segment_no).bigint(0, 0);
  }));
}

CDP_FUNCTION(cdp_segment_from_users) {
  const pg::Arguments arguments(fcinfo);
  return Int64GetDatum(segment::define_list(arguments.text(0), pg::texts_of(arguments.datum(1))));
}

CDP_FUNCTION(cdp_segment_from_bitmap) {
  const pg::Arguments arguments(fcinfo);
  return Int64GetDatum(
      segment::define_list(arguments.text(0), bitmap::Bitmap::from_bytes(arguments.bytes(1))));
}

CDP_FUNCTION(cdp_segment_from_query) {
  const pg::Arguments arguments(fcinfo);
  const auto name = arguments.optional_text(0);
  const auto query = arguments.optional_text(1);
  if (!name || !query) throw Error(Category::BadValue, "name and query must not be null");
  std::optional<std::string> refresh;
  if (!arguments.is_null(2))
    refresh =
        pg::guard([&] { return DatumGetCString(DirectFunctionCall1(interval_out, arguments.datum(2))); });
  return Int64GetDatum(segment::define_query(*name, *query, refresh));
}
