/// cdp_funnel_report(): a funnel over the stored events of everyone.

#include "analysis/funnel_report.hpp"
#include "base/bytes.hpp"
#include "base/error.hpp"
#include "pg/boundary.hpp"
#include "pg/datum.hpp"
#include "pg/parallel.hpp"
#include "pg/spi.hpp"

#include <algorithm>
#include <optional>
#include <string>
#include <utility>
#include <vector>

using namespace cdp;  // NOLINT(google-build-using-namespace): the function below is the room's outside

namespace {

/// The number of an event's name; -1 if no event has it.
int32_t event_no_of(pg::Spi& spi, std::string_view name) {
  static pg::Query query("SELECT event_no FROM cdp.event_name WHERE name = $1");
  const pg::Rows rows = query(spi, name);
  return rows.empty() ? -1 : rows.integer(0, 0);
}

std::vector<analysis::ReportStep> read_steps(pg::Spi& spi, const std::vector<std::string>& texts) {
  std::vector<analysis::ReportStep> steps;
  for (const std::string& text : texts) {
    const bool is_event = event_no_of(spi, text) >= 0;
    steps.push_back(analysis::read_step(text, is_event));
    steps.back().event_no = event_no_of(spi, steps.back().event);
  }
  return steps;
}

/// What is asked for, as parallel workers get it.
struct Question {
  Micros within = 0;
  Instant since = Instant::min();
  Instant until = Instant::max();
  int64_t users_per_piece = 0;  ///< 0: one piece has them all
  std::vector<std::string> steps;
  std::optional<bitmap::Bitmap> users;  ///< only these

  std::string to_bytes() const {
    ByteWriter out;
    const std::string set = users ? users->to_bytes() : std::string();
    out.varint(set.size());
    out.text(set);
    out.fixed(within);
    out.fixed(since.us);
    out.fixed(until.us);
    out.fixed(users_per_piece);
    for (const std::string& step : steps) {
      out.varint(step.size());
      out.text(step);
    }
    return out.release();
  }

  static Question from_bytes(ByteView bytes) {
    ByteReader in(bytes, "question of a parallel worker");
    Question question;
    if (const uint64_t size = in.varint(); size > 0)
      question.users = bitmap::Bitmap::from_bytes(in.take(size));
    question.within = in.fixed<Micros>();
    question.since.us = in.fixed<int64_t>();
    question.until.us = in.fixed<int64_t>();
    question.users_per_piece = in.fixed<int64_t>();
    while (in.remaining() > 0) {
      const ByteView text = in.take(in.varint());
      question.steps.emplace_back(text.begin(), text.end());
    }
    return question;
  }
};

/// Folds the histories of the pieces that this process takes.
void fold_pieces(pg::SharedWork& work) {
  const Question question = Question::from_bytes(work.argument());
  pg::Spi spi(pg::Spi::Mode::ReadOnly);
  analysis::FunnelReport report(read_steps(spi, question.steps), question.within, question.since,
                                question.until);
  if (question.users) report.restrict_to_users(*question.users);
  while (const std::optional<int64_t> piece = work.next_piece()) {
    if (question.users_per_piece > 0) {
      const int64_t first = 1 + *piece * question.users_per_piece;
      report.restrict_to_users(first, first + question.users_per_piece - 1);
    }
    timeline::scan_histories(spi, report.demand(), report);
  }
  std::copy(report.deepest().begin(), report.deepest().end(), work.counts().begin());
}

/// What follows for a report from who did its first two events.
analysis::FunnelUsers split_users(pg::Spi& spi, const analysis::FunnelReport& report) {
  const auto users_of = [&](size_t step) {
    return timeline::users_of_event(spi, report.steps()[step].event_no, report.demand().since,
                                    report.demand().until);
  };
  return analysis::split_users(users_of(0), report.steps().size() > 1 ? users_of(1) : timeline::EventUsers{});
}

/// The largest number that a user may have.
int64_t last_user(pg::Spi& spi) {
  static pg::Query query("SELECT coalesce(max(user_no), 0) FROM cdp.profile");
  return query(spi).bigint(0, 0);
}

/// Pieces for each process where there are several, so that all of them are done at about the same time.
constexpr int64_t kPiecesEach = 8;

}  // namespace

CDP_PARALLEL_WORKER(cdp_funnel_report_worker, fold_pieces)

CDP_FUNCTION(cdp_funnel_report) {
  const pg::Arguments arguments(fcinfo);
  if (arguments.is_null(0) || arguments.is_null(1))
    throw Error(Category::BadValue, "steps and window of a funnel must not be null");
  pg::RowSink rows(fcinfo);
  Question question;
  for (std::optional<std::string>& text : pg::texts_of(arguments.datum(0))) {
    if (!text) throw Error(Category::BadValue, "a step of the funnel is null");
    question.steps.push_back(*std::move(text));
  }
  question.within = pg::micros_of(DatumGetIntervalP(arguments.datum(1)), "the window of a funnel");
  if (!arguments.is_null(2)) question.since = arguments.instant(2);
  if (!arguments.is_null(3)) question.until = arguments.instant(3);

  pg::Spi spi(pg::Spi::Mode::ReadOnly);
  const int workers = pg::parallel_workers_for("cdp", "timeline");
  int64_t pieces = 1;
  if (workers > 0) {
    const int64_t last = last_user(spi);
    question.users_per_piece = last / (kPiecesEach * (workers + 1)) + 1;
    pieces = last / question.users_per_piece + 1;
  }
  // Errors in the steps are found here, before others begin.
  analysis::FunnelReport report(read_steps(spi, question.steps), question.within, question.since,
                                question.until);
  int64_t only_first = 0;
  if (report.steps().front().where == nullptr) {
    analysis::FunnelUsers known = split_users(spi, report);
    only_first = known.only_first;
    question.users = std::move(known.open);
  }
  const std::string argument = question.to_bytes();
  std::vector<int64_t> deepest = pg::SharedWork::run(workers, "cdp_funnel_report_worker", fold_pieces,
                                                     bytes_in(argument), pieces, question.steps.size() + 1);
  deepest[1] += only_first;
  report.add(deepest);
  const std::vector<int64_t> users = report.users();
  for (size_t i = 0; i < users.size(); ++i)
    rows.add(
        {Int32GetDatum(static_cast<int32_t>(i + 1)), pg::to_text(report.event_of(i)), Int64GetDatum(users[i]),
         users[0] > 0
             ? std::optional(Float8GetDatum(static_cast<double>(users[i]) / static_cast<double>(users[0])))
             : std::nullopt});
  return 0;
}
