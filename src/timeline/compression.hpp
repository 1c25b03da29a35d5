#pragma once

#include "base/bytes.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace cdp::timeline {

/// Shorter byte strings are not worth the try.
constexpr size_t kLeastCompressible = 48;
/// What no byte string of packed details is larger than before it was compressed.
constexpr size_t kMaxRawBytes = size_t{64} << 20;

/// The bytes by zstd (level 3): one frame without magic number, size and checksum. It may be longer than
/// what was given.
std::string compressed(std::string_view raw);

/// The `raw_size` bytes that compressed() was given. Throws Error(Corrupt) unless they come out exactly, and
/// before it allocates anything if they cannot.
std::string decompressed(ByteView stored, uint64_t raw_size);

}  // namespace cdp::timeline
