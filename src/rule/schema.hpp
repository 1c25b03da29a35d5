#pragma once

#include "base/json.hpp"

namespace cdp::rule {

/// The JSON Schema (draft 2020-12) of what from_json() takes, limits of size apart: for editors and user
/// interfaces. It takes lengths of time and distances in their canonical form.
Json json_schema();

}  // namespace cdp::rule
