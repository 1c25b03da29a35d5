#include "base/json.hpp"

#include "base/error.hpp"

#include <cstddef>
#include <cstdint>

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  try {
    (void)cdp::parse_json({reinterpret_cast<const char*>(data), size}).dump();
  } catch (const cdp::Error&) {  // refusing is fine
  }
  return 0;
}
