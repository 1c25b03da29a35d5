#pragma once

#include "base/json.hpp"

#include <optional>
#include <string_view>

/// The two readers behind parse_json().

namespace cdp {

/// Reads a JSON text quickly. nullopt where it does not read it: what is no JSON, or is beyond a limit of
/// parse_json(), and also texts that are no object or array, and numbers with an exponent or very many
/// digits.
std::optional<Json> read_json_quickly(std::string_view text, int max_depth);

/// Reads any JSON text, and says what is wrong with others, as parse_json() does.
Json read_json_carefully(std::string_view text, int max_depth);

/// Of members with one name leaves the last.
void keep_last_of_each_name(Json::Object& object);

}  // namespace cdp
