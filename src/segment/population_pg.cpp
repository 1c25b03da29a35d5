#include "base/interrupt.hpp"
#include "pg/memory.hpp"
#include "pg/spi.hpp"
#include "segment/population.hpp"
#include "timeline/reader.hpp"

namespace cdp::segment {

namespace {

/// One pass over cdp.profile in the order of user_no.
class Profiles {
 public:
  Profiles(pg::Spi& spi, pg::Query& query, bool with_traits)
      : cursor_(spi, query), with_traits_(with_traits), arena_("cdp profiles") {
    fetch();
  }

  bool at_end() const { return rows_.empty(); }
  int64_t user_no() const { return rows_.bigint(row_, 0); }

  /// The state of the present profile, valid until next().
  rule::UserState state(const timeline::History* history) {
    pg::InContext in_arena(arena_.context());
    user_id_ = rows_.is_null(row_, 1) ? std::string() : rows_.text(row_, 1);
    if (with_traits_) traits_ = rows_.json(row_, 2);
    return {with_traits_ ? &traits_ : nullptr, history, user_no(), user_id_};
  }

  void next() {
    if (++row_ == rows_.size()) fetch();
  }

 private:
  void fetch() {
    check_interrupts();
    arena_.reset();
    rows_ = cursor_.fetch(2000);
    row_ = 0;
  }

  pg::Cursor cursor_;
  pg::Rows rows_;
  uint64_t row_ = 0;
  bool with_traits_;
  std::string user_id_;
  Json traits_;
  pg::Arena arena_;
};

}  // namespace

void for_each_user(pg::Spi& spi, const timeline::Demand& demand, bool with_traits,
                   const std::function<void(const rule::UserState&)>& callback) {
  static pg::Query numbers("SELECT user_no, user_id FROM cdp.profile ORDER BY user_no");
  static pg::Query with_all("SELECT user_no, user_id, traits FROM cdp.profile ORDER BY user_no");
  Profiles profiles(spi, with_traits ? with_all : numbers, with_traits);
  const timeline::History nothing(demand.properties().size());
  timeline::read_all_histories(spi, demand, {}, [&](int64_t user_no, const timeline::History& history) {
    for (; !profiles.at_end() && profiles.user_no() < user_no; profiles.next())
      callback(profiles.state(&nothing));
    if (profiles.at_end() || profiles.user_no() != user_no) return;
    callback(profiles.state(&history));
    profiles.next();
  });
  for (; !profiles.at_end(); profiles.next()) callback(profiles.state(&nothing));
}

void with_user(pg::Spi& spi, const timeline::Demand& demand, int64_t user_no,
               const std::function<void(const rule::UserState&)>& callback) {
  static pg::Query find("SELECT coalesce(user_id, ''), traits FROM cdp.profile WHERE user_no = $1");
  const pg::Rows rows = find(spi, user_no);
  if (rows.empty()) return;
  const std::string user_id = rows.text(0, 0);
  const Json traits = rows.json(0, 1);
  const timeline::History nothing(demand.properties().size());
  bool is_called = false;
  timeline::read_histories(spi, demand, std::vector<int64_t>{user_no},
                           [&](int64_t, const timeline::History& history) {
                             is_called = true;
                             callback({&traits, &history, user_no, user_id});
                           });
  if (!is_called) callback({&traits, &nothing, user_no, user_id});
}

}  // namespace cdp::segment
