#include "pg/server.hpp"

#include "base/error.hpp"
#include "bitmap/library.hpp"
#include "bitmap/load.hpp"
#include "pg/guard.hpp"

extern "C" {
#include <utils/guc.h>
}

namespace cdp::bitmap {

namespace {

constexpr const char* kOutputFormat = "roaringbitmap.output_format";

int output_format_setting = static_cast<int>(OutputFormat::Bytea);

const config_enum_entry kOutputFormats[] = {
    {"bytea", static_cast<int>(OutputFormat::Bytea), false},
    {"array", static_cast<int>(OutputFormat::Array), false},
    {nullptr, 0, false},
};

}  // namespace

OutputFormat output_format() { return static_cast<OutputFormat>(output_format_setting); }

void load() {
  check_library();
  try {
    pg::guard([] {
      DefineCustomEnumVariable(
          kOutputFormat, "Form of the text of roaringbitmap values.",
          "bytea prints the portable bytes in hexadecimal, array the elements as {1,2,3}.",
          &output_format_setting, static_cast<int>(OutputFormat::Bytea), kOutputFormats, PGC_USERSET, 0,
          nullptr, nullptr, nullptr);
    });
  } catch (const pg::ServerError& error) {
    if (error.sqlstate() != ERRCODE_INTERNAL_ERROR) throw;
    throw Error(Category::State, "another module has defined the setting roaringbitmap.output_format",
                error.what(),
                "Do not load that module (pg_roaringbitmap, for one) in a session that uses cdp.");
  }
}

}  // namespace cdp::bitmap
