/// The calls that queue messages, and the defaults of cdp.inbox.

#include "base/error.hpp"
#include "base/interrupt.hpp"
#include "event/mapping.hpp"
#include "event/message.hpp"
#include "pg/boundary.hpp"
#include "pg/compat.hpp"
#include "pg/datum.hpp"
#include "pg/guard.hpp"
#include "pg/spi.hpp"
#include "pg/table_watch.hpp"
#include "pg/trigger.hpp"
#include "pg/wake.hpp"

extern "C" {
#include <access/xact.h>
#include <catalog/namespace.h>
#include <commands/sequence.h>
#include <utils/lsyscache.h>
}

namespace cdp::event {

namespace {

/// What the defaults of cdp.inbox give within one transaction.
struct InboxDefaults {
  bool is_known = false;
  int32_t home = 0;
  int16_t write_chunk = 0;
  int64_t next_no = 0;
  int64_t numbers_left = 0;  ///< from next_no on
};

InboxDefaults defaults;

void forget_defaults(XactEvent event, void* /*argument*/) {
  if (event != XACT_EVENT_PRE_COMMIT && event != XACT_EVENT_PARALLEL_PRE_COMMIT) defaults.is_known = false;
}

/// The installation's number and the chunk that takes new messages: read again after the chunks were rotated.
/// Whoever has not heard of that yet writes to the chunk before, which is as good.
void read_cursor() {
  static pg::TableWatch cursor("inbox_cursor");
  static bool is_read = false;
  if (cursor.has_changed()) is_read = false;
  if (is_read) return;
  const pg::LatestSnapshot latest;
  pg::Spi spi(pg::Spi::Mode::ReadOnly);
  static pg::Query query("SELECT home, write_chunk FROM cdp.inbox_cursor");
  const pg::Rows rows = query(spi);
  if (rows.empty())
    throw Error(Category::State, "cdp.inbox_cursor is empty", {}, "Create the extension anew.");
  defaults.home = rows.integer(0, 0);
  defaults.write_chunk = rows.smallint(0, 1);
  is_read = true;
}

InboxDefaults& inbox_defaults() {
  static bool is_registered = false;
  if (!is_registered) {
    pg::guard([] { RegisterXactCallback(forget_defaults, nullptr); });
    is_registered = true;
  }
  if (!defaults.is_known) {
    read_cursor();
    defaults.numbers_left = 0;
    defaults.is_known = true;
    pg::wake_worker_at_commit();
  }
  return defaults;
}

/// Numbers are taken from the sequence by blocks; what a transaction does not use of its last one is lost, so
/// that whoever begins later gets higher ones. Whoever may insert gets them: the sequence itself is nobody's
/// to use.
int64_t next_queue_no() {
  constexpr int64_t kBlock = 64;
  InboxDefaults& known = inbox_defaults();
  if (known.numbers_left == 0) {
    known.next_no =
        kBlock * pg::guard([] {
          return nextval_internal(get_relname_relid("inbox_no", get_namespace_oid("cdp", false)), false);
        });
    known.numbers_left = kBlock;
  }
  --known.numbers_left;
  return known.next_no++;
}

void queue(pg::Spi& spi, std::string_view source, std::string_view payload) {
  if (payload.size() > kMaxMessageBytes)
    throw Error(Category::Limit, "message is larger than 1 MB",
                "It has " + std::to_string(payload.size()) + " bytes.");
  static pg::Query insert("INSERT INTO cdp.inbox (source, payload) VALUES ($1, $2)");
  (void)insert(spi, source, payload);
}

/// Builds the JSON text of one message of source "sql".
class MessageText {
 public:
  explicit MessageText(std::string_view type) { add_text("type", type); }

  void add_text(std::string_view name, std::string_view value) {
    add_name(name);
    append_json_string(text_, value);
  }
  void add_text(std::string_view name, const std::optional<std::string_view>& value) {
    if (value) add_text(name, *value);
  }
  void add_json(std::string_view name, const pg::Arguments& arguments, int i) {
    if (arguments.is_null(i)) return;
    add_name(name);
    const char* json =
        pg::guard([&] { return DatumGetCString(DirectFunctionCall1(jsonb_out, arguments.datum(i))); });
    text_ += json;
  }
  void add_time(const pg::Arguments& arguments, int i) {
    if (arguments.is_null(i)) return;
    if (!arguments.instant(i).is_finite())
      throw Error(Category::BadValue,
                  "ts must be a finite time, not " + format_instant(arguments.instant(i)));
    add_text("timestamp", std::string_view(format_instant(arguments.instant(i))));
  }
  void send() {
    text_.push_back('}');
    pg::Spi spi;
    queue(spi, "sql", text_);
  }

 private:
  void add_name(std::string_view name) {
    text_.push_back(text_.empty() ? '{' : ',');
    append_json_string(text_, name);
    text_.push_back(':');
  }

  std::string text_;
};

void require_id(const std::optional<std::string_view>& id, const std::optional<std::string_view>& other,
                const char* names) {
  if ((id && is_identifier(*id)) || (other && is_identifier(*other))) return;
  throw Error(Category::BadValue,
              std::string("no user: ") + names + " is null, empty or a word such as 'null'", {},
              "Give the id by which your application knows the user or the device.");
}

}  // namespace

}  // namespace cdp::event

using namespace cdp;  // NOLINT(google-build-using-namespace): the functions below are the room's outside

CDP_FUNCTION(cdp_inbox_chunk) { return Int16GetDatum(event::inbox_defaults().write_chunk); }

CDP_FUNCTION(cdp_inbox_no) { return Int64GetDatum(event::next_queue_no()); }

CDP_FUNCTION(cdp_inbox_home) { return Int32GetDatum(event::inbox_defaults().home); }

CDP_FUNCTION(cdp_track) {
  const pg::Arguments arguments(fcinfo);
  const auto user_id = arguments.optional_text(0);
  const auto name = arguments.optional_text(1);
  const auto anonymous_id = arguments.optional_text(5);
  event::require_id(user_id, anonymous_id, "user_id (and anonymous_id)");
  if (!name || name->find_first_not_of(" \t\r\n") == std::string_view::npos)
    throw Error(Category::BadValue, "event name must not be null or empty");
  event::MessageText message("track");
  message.add_text("userId", user_id);
  message.add_text("anonymousId", anonymous_id);
  message.add_text("event", name);
  message.add_json("properties", arguments, 2);
  message.add_time(arguments, 3);
  message.add_text("messageId", arguments.optional_text(4));
  message.add_json("context", arguments, 6);
  message.send();
  return 0;
}

CDP_FUNCTION(cdp_identify) {
  const pg::Arguments arguments(fcinfo);
  const auto user_id = arguments.optional_text(0);
  const auto anonymous_id = arguments.optional_text(2);
  event::require_id(user_id, anonymous_id, "user_id (and anonymous_id)");
  event::MessageText message("identify");
  message.add_text("userId", user_id);
  message.add_text("anonymousId", anonymous_id);
  message.add_json("traits", arguments, 1);
  message.add_time(arguments, 3);
  message.send();
  return 0;
}

CDP_FUNCTION(cdp_alias) {
  const pg::Arguments arguments(fcinfo);
  const auto previous_id = arguments.optional_text(0);
  const auto user_id = arguments.optional_text(1);
  event::require_id(previous_id, {}, "previous_id");
  event::require_id(user_id, {}, "user_id");
  event::MessageText message("alias");
  message.add_text("previousId", previous_id);
  message.add_text("userId", user_id);
  message.send();
  return 0;
}

CDP_FUNCTION(cdp_ingest) {
  const pg::Arguments arguments(fcinfo);
  if (arguments.is_null(0)) throw Error(Category::BadValue, "payload must not be null");
  if (arguments.is_null(1)) throw Error(Category::BadValue, "source must not be null");
  const std::string_view source = arguments.text(1);
  pg::Spi spi;
  static pg::Query find_source("SELECT FROM cdp.source WHERE name = $1");
  if (find_source(spi, source).empty())
    throw Error(Category::NotFound, "source \"" + std::string(source) + "\" does not exist", {},
                "SELECT name FROM cdp.source lists the sources; add one by INSERT.");
  int64_t queued = 0;
  for (const Json& message : event::split_payload(arguments.jsonb(0))) {
    check_interrupts();
    event::queue(spi, source, event::payload_of(message));
    ++queued;
  }
  return Int64GetDatum(queued);
}

CDP_FUNCTION(cdp_source_check) {
  const TriggerData* trigger = pg::trigger_of(fcinfo);
  HeapTuple row = pg::new_row(trigger);
  if (const std::optional<Datum> mapping = pg::column_of(trigger, row, "mapping"))
    (void)event::read_mapping(pg::json_of(*mapping));
  return PointerGetDatum(row);
}
