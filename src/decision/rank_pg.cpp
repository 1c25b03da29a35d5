#include "pg/server.hpp"

#include "base/error.hpp"
#include "decision/configuration.hpp"
#include "decision/decision_log.hpp"
#include "decision/rank.hpp"
#include "decision/settings.hpp"
#include "pg/boundary.hpp"
#include "pg/clock.hpp"
#include "pg/compat.hpp"
#include "pg/guard.hpp"
#include "pg/spi.hpp"
#include "segment/number_list.hpp"

#include <algorithm>
#include <cstring>

extern "C" {
#include <catalog/pg_type.h>
#include <utils/jsonb.h>
}

namespace cdp::decision {

namespace {

constexpr int32_t kMostResults = 1000;

/// A user as far as a decision needs to know.
struct User {
  std::optional<std::string_view> id;
  std::optional<int64_t> number;
  bool is_looked_up = false;
  std::vector<int32_t> segments;  ///< ascending
};

/// SPI, opened at first need: an answer that needs no look-up and no log does without.
class LazySpi {
 public:
  pg::Spi& operator*() {
    if (!spi_) spi_.emplace();
    return *spi_;
  }

 private:
  std::optional<pg::Spi> spi_;
};

void look_up(pg::Spi& spi, User& user) {
  static pg::Query query(
      "SELECT i.user_no, m.segments FROM cdp.identity i LEFT JOIN cdp.membership m USING (user_no)"
      " WHERE i.kind = 'user_id' AND i.value = $1");
  user.is_looked_up = true;
  if (!user.id) return;
  const pg::Rows rows = query(spi, *user.id);
  if (rows.empty()) return;
  user.number = rows.bigint(0, 0);
  if (rows.is_null(0, 1)) return;
  user.segments = segment::unpack_numbers(pg::bytes_of(rows.datum(0, 1)));
}

const Placement& placement_of(const Configuration& configuration, const pg::Arguments& arguments) {
  if (arguments.is_null(0)) throw Error(Category::BadValue, "placement must not be null");
  const std::string_view name = arguments.text(0);
  const Placement* placement = configuration.find_placement(name);
  if (placement == nullptr)
    throw Error(Category::NotFound, "placement \"" + std::string(name) + "\" does not exist", {},
                "Placements are the rows of cdp.placement.");
  return *placement;
}

/// The context as a value for the log: null if it is empty.
pg::Bound context_of(const pg::Arguments& arguments) {
  if (arguments.is_null(2)) return {JSONBOID, 0, true};
  const Datum context = arguments.datum(2);
  const auto [is_object, is_empty] = pg::guard([&] {
    const Jsonb* flat = DatumGetJsonbP(context);
    struct Kind {
      bool is_object;
      bool is_empty;
    };
    return Kind{static_cast<bool>(JB_ROOT_IS_OBJECT(flat)), JB_ROOT_COUNT(flat) == 0};
  });
  if (!is_object)
    throw Error(Category::BadValue, "context must be a JSON object", {},
                R"(For example '{"page": "home"}'.)");
  return {JSONBOID, context, is_empty};
}

size_t results_of(const pg::Arguments& arguments, const Placement& placement) {
  if (arguments.is_null(3)) return static_cast<size_t>(placement.max_results);
  const int32_t wanted = arguments.integer(3);
  if (wanted < 1 || wanted > kMostResults)
    throw Error(Category::BadValue, "max_results must be from 1 to " + std::to_string(kMostResults),
                "It is " + std::to_string(wanted) + ".");
  return static_cast<size_t>(wanted);
}

std::vector<size_t> eligible_candidates(const Configuration& configuration, const Placement& placement,
                                        const User& user, Instant now) {
  std::vector<size_t> eligible;
  for (size_t i = 0; i < placement.candidates.size(); ++i)
    if (judge(placement, configuration.creative(placement.candidates[i]), user.segments, now) ==
        Reason::Eligible)
      eligible.push_back(i);
  return eligible;
}

/// A copy of a creative's content in the current memory context.
Datum content_datum(const Creative& creative) {
  const std::string& bytes = creative.content;
  void* copy = pg::guard([&] { return palloc(bytes.size()); });
  std::memcpy(copy, bytes.data(), bytes.size());
  return PointerGetDatum(copy);
}

void answer_rank(FunctionCallInfo fcinfo) {
  const pg::Arguments arguments(fcinfo);
  const auto configuration = current_configuration();
  const Placement& placement = placement_of(*configuration, arguments);
  const pg::Bound context = context_of(arguments);
  const size_t max_results = results_of(arguments, placement);
  pg::RowSink sink(fcinfo);
  if (!placement.is_enabled || placement.candidates.empty()) return;

  const Instant now = pg::now();
  LazySpi spi;
  User user{arguments.optional_text(1), {}, false, {}};
  if (placement.names_segments) look_up(*spi, user);
  const std::vector<size_t> eligible = eligible_candidates(*configuration, placement, user, now);
  const auto model = current_model(configuration, placement);
  const std::vector<Pick> picks =
      rank(placement.strategy, *configuration, placement, eligible, *model, max_results, random());

  const bool is_logged = !picks.empty() && can_log();
  for (size_t i = 0; i < picks.size(); ++i) {
    const Pick& pick = picks[i];
    const Creative& creative = configuration->creative(placement.candidates[pick.candidate]);
    const auto position = static_cast<int32_t>(i + 1);
    std::optional<Datum> decision_id;
    if (is_logged) {
      const LogEntry entry{user.id,           user.number,
                           user.is_looked_up, placement.name,
                           creative.name,     placement.strategy,
                           position,          pick.score,
                           pick.propensity,   now};
      decision_id = Int64GetDatum(log_decision(*spi, entry, context));
    }
    sink.add({Int32GetDatum(position), pg::to_text(creative.name), content_datum(creative),
              Float8GetDatum(pick.score), Float8GetDatum(pick.propensity), decision_id});
  }
}

void answer_explain(FunctionCallInfo fcinfo) {
  const pg::Arguments arguments(fcinfo);
  const auto configuration = current_configuration();
  const Placement& placement = placement_of(*configuration, arguments);
  (void)context_of(arguments);
  pg::RowSink sink(fcinfo);

  const Instant now = pg::now();
  LazySpi spi;
  User user{arguments.optional_text(1), {}, false, {}};
  if (placement.names_segments) look_up(*spi, user);
  const std::vector<size_t> eligible = eligible_candidates(*configuration, placement, user, now);
  const auto model = current_model(configuration, placement);
  std::vector<std::optional<Pick>> outlooks(placement.candidates.size());
  for (const Pick& pick : outlook(placement.strategy, *configuration, placement, eligible, *model))
    outlooks[pick.candidate] = pick;

  for (size_t i = 0; i < placement.candidates.size(); ++i) {
    const Creative& creative = configuration->creative(placement.candidates[i]);
    const Reason reason = judge(placement, creative, user.segments, now);
    const std::string detail = detail_of(reason, creative);
    const Counts& counts = model->counts()[i];
    std::optional<Datum> detail_datum;
    std::optional<Datum> score;
    std::optional<Datum> propensity;
    if (!detail.empty()) detail_datum = pg::to_text(detail);
    if (outlooks[i]) score = Float8GetDatum(outlooks[i]->score);
    if (outlooks[i]) propensity = Float8GetDatum(outlooks[i]->propensity);
    sink.add({pg::to_text(creative.name), BoolGetDatum(reason == Reason::Eligible),
              pg::to_text(code_of(reason)), detail_datum, Int64GetDatum(counts.impressions),
              Int64GetDatum(counts.clicks), score, propensity});
  }
}

}  // namespace

}  // namespace cdp::decision

CDP_FUNCTION(cdp_rank) {
  cdp::decision::answer_rank(fcinfo);
  return 0;
}

CDP_FUNCTION(cdp_rank_explain) {
  cdp::decision::answer_explain(fcinfo);
  return 0;
}
