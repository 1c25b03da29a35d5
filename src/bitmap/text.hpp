#pragma once

#include "bitmap/bitmap.hpp"
#include "bitmap/bitmap64.hpp"

#include <string>
#include <string_view>

namespace cdp::bitmap {

/// Reads a bitmap's text: `{1,2,-1}`, whose elements are the 32-bit numbers written as signed integers (so -1
/// is the largest), in any order; or `\x3a30…`, the portable bytes in hexadecimal. White space may stand
/// around elements and braces, and between the bytes.
/// Throws Error(BadText) that names the character, Error(OutOfRange) for an element outside of integer.
Bitmap parse_bitmap(std::string_view text);

/// The same for 64-bit numbers written as signed ones.
Bitmap64 parse_bitmap64(std::string_view text);

/// `{1,2,-1}`: elements in ascending order of their unsigned value. Throws Error(Limit) where the text would
/// pass what a server's value holds (1 GB).
std::string to_array_text(const Bitmap& bitmap);
std::string to_array_text(const Bitmap64& bitmap);

/// `\x3a30…`. Throws Error(Limit) as above, in the words of roaringbitmap64 if the set is a wide one.
std::string to_hex_text(ByteView bytes, bool is_wide = false);

}  // namespace cdp::bitmap
