#pragma once

namespace cdp::bitmap {

/// What this room does when the module is loaded: sees that CRoaring is the one linked with, and defines the
/// setting roaringbitmap.output_format, or follows it where another module has defined it. Throws
/// Error(State) beside a module that has put its own CRoaring in place.
void load();

/// The values of roaringbitmap.output_format.
enum class OutputFormat { Bytea, Array };
OutputFormat output_format();

}  // namespace cdp::bitmap
