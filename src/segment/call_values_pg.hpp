#pragma once

#include "pg/server.hpp"

#include "base/json.hpp"
#include "pg/index_lookup.hpp"
#include "pg/memory.hpp"
#include "pg/spi.hpp"
#include "rule/rule.hpp"

#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace cdp::segment {

/// What functions gave when they were last refreshed, looked up user by user when a rule asks for it.
class StoredCalls final : public rule::Calls {
 public:
  explicit StoredCalls(pg::Spi& spi);
  const Json* value(const rule::ValuePath& function, int64_t user_no) override;

 private:
  pg::IndexLookup values_;
  std::vector<std::pair<std::vector<std::string>, int32_t>> functions_;
  int64_t user_no_ = 0;  ///< of whom the values are
  std::vector<std::pair<int32_t, Json>> of_user_;
};

/// What functions give now, called when a rule asks for it, once a user: with the rights of who asks, and
/// able to change nothing. `spi` must be read-only and outlive it.
class AskedCalls final : public rule::Calls {
 public:
  AskedCalls(pg::Spi& spi, std::string search_path);
  const Json* value(const rule::ValuePath& function, int64_t user_no) override;

 private:
  struct Function {
    explicit Function(const rule::ValuePath& named);

    rule::ValuePath path;
    pg::Statement statement;
    int64_t user_no = 0;  ///< whose the value is
    std::optional<Json> value;
  };

  Function& function_of(const rule::ValuePath& path);

  pg::Spi& spi_;
  Oid role_;
  std::string search_path_;
  std::deque<Function> functions_;
  pg::Arena arena_{"cdp calls"};
};

}  // namespace cdp::segment
