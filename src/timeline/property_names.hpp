#pragma once

#include "timeline/details.hpp"

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>

namespace cdp::pg {
class Spi;
}

namespace cdp::timeline {

/// The dictionary cdp.property_name. Numbers are never reused, so what was read once stays true; names that
/// came later are read when they are asked for.
class StoredPropertyNames : public PropertyNames {
 public:
  explicit StoredPropertyNames(pg::Spi& spi) : spi_(spi) {}

  /// Adds a new one to the table: under the process lock alone.
  uint32_t number(PropertyRoot root, std::string_view name) override;
  std::string_view name(uint32_t number) const override;
  /// 0 if no packed event has a property of that name.
  uint32_t find(PropertyRoot root, std::string_view name) const;

 private:
  void read() const;

  pg::Spi& spi_;
  mutable bool is_read_ = false;
  mutable std::unordered_map<uint32_t, std::string> names_;
  mutable std::map<std::pair<PropertyRoot, std::string>, uint32_t, std::less<>> numbers_;
};

}  // namespace cdp::timeline
