#pragma once

#include "event/mapping.hpp"

#include <fstream>
#include <map>
#include <regex>
#include <sstream>
#include <string>

namespace cdp::event {

inline std::string read_file(const std::string& path) {
  std::ifstream in(path);
  std::stringstream content;
  content << in.rdbuf();
  return content.str();
}

/// The mappings of the sources that ship, by name, from where the install script has them.
inline std::map<std::string, Mapping> shipped_mappings() {
  const std::string sql = read_file(CDP_SOURCE_DIR "/src/event/1_tables.sql");
  const std::regex row(R"(\('(\w+)',\s+'(\{[^']*\})'\))");
  std::map<std::string, Mapping> mappings;
  for (std::sregex_iterator i(sql.begin(), sql.end(), row); i != std::sregex_iterator(); ++i)
    mappings.emplace((*i)[1].str(), read_mapping(parse_json((*i)[2].str())));
  return mappings;
}

}  // namespace cdp::event
