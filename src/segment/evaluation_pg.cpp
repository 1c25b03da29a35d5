#include "base/bytes.hpp"
#include "pg/parallel.hpp"
#include "pg/spi.hpp"
#include "rule/window.hpp"
#include "segment/evaluation.hpp"
#include "segment/population.hpp"

#include <algorithm>
#include <string>

namespace cdp::segment {

namespace {

/// So many numbers a process returns at most at once, and so many users a process takes at once.
constexpr int64_t kMostCounts = 1 << 20;
constexpr int64_t kMostAtOnce = 8192;
/// For fewer users the start of processes costs more than they save.
constexpr int64_t kFewUsers = 2000;

/// What is asked, as processes are told it.
struct Question {
  UserRange range;
  int64_t at_once = 0;  ///< users
  Instant now;
  std::vector<int32_t> numbers;  ///< of definitions

  std::string to_bytes() const {
    ByteWriter out;
    out.fixed(range);
    out.fixed(at_once);
    out.fixed(now);
    out.fixed(numbers.size());
    for (const int32_t number : numbers) out.fixed(number);
    return out.release();
  }

  static Question from_bytes(ByteView bytes) {
    ByteReader in(bytes, "question about users");
    Question question;
    question.range = in.fixed<UserRange>();
    question.at_once = in.fixed<int64_t>();
    question.now = in.fixed<Instant>();
    question.numbers.resize(in.fixed<size_t>());
    for (int32_t& number : question.numbers) number = in.fixed<int32_t>();
    return question;
  }

  int64_t users() const { return range.last - range.first + 1; }
  int64_t pieces() const { return (users() + at_once - 1) / at_once; }
  UserRange piece(int64_t number) const {
    const int64_t first = range.first + number * at_once;
    return {first, std::min(first + at_once - 1, range.last)};
  }
};

/// The answers as counts that processes add up, each being of one process alone: of each user how long until
/// it is to be looked at again (0: never), then of each rule a bit a user.
class Answers {
 public:
  Answers(const Question& question, std::span<int64_t> counts)
      : first_(question.range.first),
        dues_(counts.first(static_cast<size_t>(question.users()))),
        bits_(counts.subspan(dues_.size())),
        words_(words_of(question)) {}

  static size_t words_of(const Question& question) { return static_cast<size_t>(question.users() + 63) / 64; }
  static size_t size_of(const Question& question) {
    return static_cast<size_t>(question.users()) + question.numbers.size() * words_of(question);
  }

  void set_member(size_t rule, int64_t user_no) {
    const auto user = static_cast<uint64_t>(user_no - first_);
    int64_t& word = bits_[rule * words_ + user / 64];
    word = static_cast<int64_t>(static_cast<uint64_t>(word) | uint64_t{1} << user % 64);
  }
  void set_due(int64_t user_no, Micros wait) { dues_[static_cast<size_t>(user_no - first_)] = wait; }

  void append_to(Evaluated& all, Instant now) const {
    std::vector<uint32_t> users;
    for (size_t rule = 0; rule < all.members.size(); ++rule) {
      users.clear();
      for (size_t i = 0; i < words_; ++i)
        for (auto word = static_cast<uint64_t>(bits_[rule * words_ + i]); word != 0; word &= word - 1)
          users.push_back(
              static_cast<uint32_t>(first_ + static_cast<int64_t>(i * 64) + __builtin_ctzll(word)));
      all.members[rule] |= bitmap::Bitmap::of(users);
    }
    for (size_t i = 0; i < dues_.size(); ++i)
      if (dues_[i] != 0) all.dues.push_back({first_ + static_cast<int64_t>(i), now + dues_[i]});
  }

 private:
  int64_t first_;
  std::span<int64_t> dues_;
  std::span<int64_t> bits_;
  size_t words_;
};

/// Rules that are asked of one user after the other.
class Rules {
 public:
  Rules(const Catalog& catalog, const Question& question) : now_(question.now) {
    for (const int32_t number : question.numbers) {
      const Definition& definition = catalog.definitions()[catalog.index_of(number).value()];
      rules_.push_back(catalog.bind(definition.rule, demand_, &conditions_,
                                    definition.is_next ? Names::Next : Names::Present));
      needs_.add(rules_.back());
    }
    known_ = rule::KnownVerdicts(conditions_.size());
    std::optional<Micros> furthest = 0;
    for (const rule::BoundRule& rule : rules_) furthest = rule::further_back(furthest, rule.lookback());
    if (furthest) since_ = (now_ - *furthest) + 1;
  }

  void ask(pg::Spi& spi, UserRange range, Answers& answers) {
    timeline::Selection selection;
    selection.first_user = range.first;
    selection.last_user = range.last;
    selection.since = since_;
    for_each_user(spi, demand_, needs_, selection, [&](const rule::UserState& state) {
      known_.forget();
      Instant valid_until = Instant::max();
      for (size_t i = 0; i < rules_.size(); ++i) {
        const rule::Verdict verdict = rule::evaluate(rules_[i], state, now_, &known_);
        if (verdict.truth) answers.set_member(i, state.user_no);
        valid_until = std::min(valid_until, verdict.valid_until);
      }
      if (valid_until != Instant::max()) answers.set_due(state.user_no, valid_until.us - now_.us);
    });
  }

 private:
  Instant now_;
  Instant since_ = Instant::min();
  timeline::Demand demand_;
  rule::ConditionNumbers conditions_;
  std::vector<rule::BoundRule> rules_;
  Needs needs_;
  rule::KnownVerdicts known_{0};
};

/// What the process that was asked has beside the question.
struct Asked {
  const Catalog& catalog;
  const std::function<void(int64_t)>& reached;
};
const Asked* asked = nullptr;  ///< nullptr in its helpers

/// Sets it as long as this lives.
class Asking {
 public:
  explicit Asking(const Asked& given) { asked = &given; }
  ~Asking() { asked = nullptr; }
  Asking(const Asking&) = delete;
  Asking& operator=(const Asking&) = delete;
};

void ask_pieces(pg::SharedWork& work) {
  const Question question = Question::from_bytes(work.argument());
  pg::Spi spi(pg::Spi::Mode::ReadOnly);
  Rules rules(asked != nullptr ? asked->catalog : Catalog::current(spi), question);
  Answers answers(question, work.counts());
  while (const std::optional<int64_t> piece = work.next_piece()) {
    const UserRange range = question.piece(*piece);
    rules.ask(spi, range, answers);
    if (asked != nullptr) asked->reached(range.last);
  }
}

}  // namespace

Evaluated evaluate_rules(const Catalog& catalog, const std::vector<const Definition*>& definitions,
                         UserRange range, Instant now, const std::function<void(int64_t)>& reached) {
  Evaluated all;
  all.members.resize(definitions.size());
  if (definitions.empty() || range.last < range.first) return all;
  Question question;
  question.now = now;
  for (const Definition* definition : definitions) question.numbers.push_back(definition->number);
  const int64_t users_at_once = std::max<int64_t>(
      64, kMostCounts * 64 / (64 + static_cast<int64_t>(question.numbers.size())) / 64 * 64);
  const int workers = range.last - range.first < kFewUsers ? 0 : pg::parallel_workers_for("cdp", "timeline");
  const Asked given{catalog, reached};
  const Asking asking(given);
  // What processes see is what the transaction has done so far, and others before it began to look.
  const pg::LatestSnapshot latest;
  for (int64_t first = range.first; first <= range.last; first += users_at_once) {
    question.range = {first, std::min(first + users_at_once - 1, range.last)};
    question.at_once = std::clamp<int64_t>(question.users() / 32, 64, kMostAtOnce);
    const std::string argument = question.to_bytes();
    std::vector<int64_t> counts =
        pg::SharedWork::run(workers, "cdp_segment_worker", ask_pieces, bytes_in(argument), question.pieces(),
                            Answers::size_of(question));
    Answers(question, counts).append_to(all, now);
  }
  return all;
}

int64_t last_user(pg::Spi& spi) {
  static pg::Query query("SELECT coalesce(max(user_no), 0) FROM cdp.profile");
  return query(spi).bigint(0, 0);
}

}  // namespace cdp::segment

CDP_PARALLEL_WORKER(cdp_segment_worker, cdp::segment::ask_pieces)
