#include "pg/server.hpp"

#include "bitmap/library.hpp"
#include "bitmap/load.hpp"
#include "pg/guard.hpp"

#include <string_view>

extern "C" {
#include <utils/guc.h>
}

namespace cdp::bitmap {

namespace {

constexpr const char* kOutputFormat = "roaringbitmap.output_format";

bool is_others_setting = false;
int output_format_setting = static_cast<int>(OutputFormat::Bytea);

const config_enum_entry kOutputFormats[] = {
    {"bytea", static_cast<int>(OutputFormat::Bytea), false},
    {"array", static_cast<int>(OutputFormat::Array), false},
    {nullptr, 0, false},
};

}  // namespace

OutputFormat output_format() {
  if (!is_others_setting) return static_cast<OutputFormat>(output_format_setting);
  const char* value = pg::guard([] { return GetConfigOption(kOutputFormat, true, false); });
  return value != nullptr && std::string_view(value) == "array" ? OutputFormat::Array : OutputFormat::Bytea;
}

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
    // Another module (pg_roaringbitmap, for one) has defined it, with the same values.
    if (error.sqlstate() != ERRCODE_INTERNAL_ERROR) throw;
    is_others_setting = true;
  }
}

}  // namespace cdp::bitmap
