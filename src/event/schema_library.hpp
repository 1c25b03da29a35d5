#pragma once

#include "base/json.hpp"

#include <cstddef>
#include <memory>
#include <optional>

namespace cdp::event::schema {

/// How the library's keywords come back to ours for the schemas within them.
class Descent {
 public:
  /// Does `value` follow subschema number `subschema`? `index` is its place in the array that was gone into.
  virtual bool descend(int subschema, const Json& value, std::optional<size_t> index, bool is_recording) = 0;

 protected:
  ~Descent() = default;
};

/// Keywords that Valijson checks: a schema of one level, with placeholders where it holds other schemas. So
/// the library never recurses by itself; each level passes through Descent, which counts.
class LibraryKeyword {
 public:
  /// Throws std::exception if the library refuses the schema.
  explicit LibraryKeyword(const Json& schema);
  LibraryKeyword(const LibraryKeyword&) = delete;
  LibraryKeyword& operator=(const LibraryKeyword&) = delete;
  ~LibraryKeyword();

  /// What stands in a schema for subschema number `subschema`.
  static Json placeholder(int subschema);

  /// Does `value` follow? With `is_recording` every subschema that has to hold is visited, else none after
  /// the first failure.
  bool holds(const Json& value, Descent& descent, bool is_recording) const;

 private:
  struct Compiled;
  std::unique_ptr<Compiled> compiled_;
};

}  // namespace cdp::event::schema
