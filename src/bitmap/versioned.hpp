#pragma once

#include "bitmap/bitmap.hpp"

#include <cstdint>
#include <memory>
#include <vector>

namespace cdp::bitmap {

/// A handle on one version of a bitmap. Copies of a handle, and the versions that single elements make of it,
/// share their storage: a chain of changes in which each old version is dropped once there is the next one,
/// as a variable of PL/pgSQL makes it, costs no copy. Handles on different versions are independent sets to
/// their holders; where two versions are in use at once, the later one is copied when it is read.
class Versioned {
 public:
  explicit Versioned(Bitmap bitmap);

  /// A further handle on this version, made for being changed: brings the storage up to date where it can.
  Versioned successor();

  /// The set of this version. The reference is good until a handle on the same storage is changed.
  const Bitmap& read() const;
  /// The set to change in place: this handle shares it with no other afterwards.
  Bitmap& write();

  /// Changes what this handle sees. Cost: that of one element, not of a copy, as long as this handle is on
  /// the latest version of its storage and fewer than 1024 changes wait for an older one to be dropped.
  void add(uint32_t element) { change({element, true}); }
  void remove(uint32_t element) { change({element, false}); }

 private:
  struct Change {
    uint32_t element;
    bool is_addition;
  };
  /// `base` is the version of that number; the changes lead from it to later ones.
  struct Store {
    Bitmap base;
    uint64_t base_version = 0;
    std::vector<Change> changes;
  };

  void change(Change change);
  // These keep what the handle sees.
  void settle() const;
  void detach() const;
  static void apply(Bitmap& bitmap, Change change);
  bool is_alone() const { return store_.use_count() == 1; }
  uint64_t latest() const { return store_->base_version + store_->changes.size(); }

  mutable std::shared_ptr<Store> store_;
  mutable uint64_t version_ = 0;
};

}  // namespace cdp::bitmap
