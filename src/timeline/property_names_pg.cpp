#include "base/error.hpp"
#include "pg/spi.hpp"
#include "timeline/property_names.hpp"

namespace cdp::timeline {

namespace {

const char* place_of(PropertyRoot root) {
  return root == PropertyRoot::Properties ? "properties" : "context";
}

}  // namespace

void StoredPropertyNames::read() const {
  static pg::Query query("SELECT property_no, place, name FROM cdp.property_name");
  const pg::Rows rows = query(spi_);
  names_.clear();
  numbers_.clear();
  for (uint64_t i = 0; i < rows.size(); ++i) {
    const auto number = static_cast<uint32_t>(rows.integer(i, 0));
    const PropertyRoot root =
        rows.text(i, 1) == "properties" ? PropertyRoot::Properties : PropertyRoot::Context;
    names_.emplace(number, rows.text(i, 2));
    numbers_.emplace(std::pair(root, rows.text(i, 2)), number);
  }
  is_read_ = true;
}

uint32_t StoredPropertyNames::find(PropertyRoot root, std::string_view name) const {
  if (!is_read_) read();
  const auto found = numbers_.find(std::pair(root, std::string(name)));
  return found != numbers_.end() ? found->second : 0;
}

uint32_t StoredPropertyNames::number(PropertyRoot root, std::string_view name) {
  if (const uint32_t known = find(root, name); known != 0) return known;
  static pg::Query add(
      "INSERT INTO cdp.property_name (property_no, place, name)"
      " SELECT coalesce(max(p.property_no), 0) + 1, $1, $2 FROM cdp.property_name AS p RETURNING "
      "property_no");
  const auto number = static_cast<uint32_t>(add(spi_, place_of(root), name).integer(0, 0));
  names_.emplace(number, name);
  numbers_.emplace(std::pair(root, std::string(name)), number);
  return number;
}

std::string_view StoredPropertyNames::name(uint32_t number) const {
  if (!is_read_) read();
  const auto found = names_.find(number);
  if (found == names_.end())
    throw Error(Category::Corrupt, "packed events name property " + std::to_string(number) +
                                       ", which cdp.property_name does not have");
  return found->second;
}

}  // namespace cdp::timeline
