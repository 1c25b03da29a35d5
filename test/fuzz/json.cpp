#include "base/error.hpp"
#include "base/json_parse.hpp"

#include <cstddef>
#include <cstdint>
#include <cstdlib>

/// What the quick reader reads, the careful one reads as the same.
extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const std::optional<cdp::Json> quick = cdp::read_json_quickly(text, cdp::kMaxJsonDepth);
  try {
    const cdp::Json careful = cdp::read_json_carefully(text, cdp::kMaxJsonDepth);
    if (quick && careful.dump() != quick->dump()) std::abort();
  } catch (const cdp::Error&) {  // refusing is fine
    if (quick) std::abort();
  }
  return 0;
}
