#pragma once

namespace cdp::bitmap {

/// Throws Error(State) unless the CRoaring functions this module calls are those of one library, the one it
/// was linked with (or linked into it). Another module that exports functions of the same names, as
/// pg_roaringbitmap does, could otherwise have put its own, older ones in their place.
void check_library();

}  // namespace cdp::bitmap
