#include "bitmap/versioned.hpp"

namespace cdp::bitmap {

namespace {
constexpr size_t kMostChanges = 1024;
}  // namespace

Versioned::Versioned(Bitmap bitmap) : store_(std::make_shared<Store>(Store{std::move(bitmap), 0, {}})) {}

void Versioned::apply(Bitmap& bitmap, Change change) {
  if (change.is_addition) {
    bitmap.add(change.element);
  } else {
    bitmap.remove(change.element);
  }
}

/// Applies the changes that lead here; nobody else may hold the storage. What lies beyond is of no handle.
void Versioned::settle() const {
  for (uint64_t at = store_->base_version; at < version_; ++at)
    apply(store_->base, store_->changes[at - store_->base_version]);
  store_->changes.clear();
  store_->base_version = version_;
}

/// Copies this version to a storage of its own.
void Versioned::detach() const {
  auto own = std::make_shared<Store>(Store{store_->base, 0, {}});
  for (uint64_t at = store_->base_version; at < version_; ++at)
    apply(own->base, store_->changes[at - store_->base_version]);
  store_ = std::move(own);
  version_ = 0;
}

Versioned Versioned::successor() {
  if (is_alone()) settle();
  return *this;
}

const Bitmap& Versioned::read() const {
  if (version_ != store_->base_version) {
    if (is_alone()) {
      settle();
    } else {
      detach();
    }
  }
  return store_->base;
}

Bitmap& Versioned::write() {
  if (is_alone()) {
    settle();
  } else {
    detach();
  }
  return store_->base;
}

void Versioned::change(Change change) {
  if (!is_alone() && (version_ != latest() || store_->changes.size() >= kMostChanges)) detach();
  if (is_alone()) {
    settle();
    apply(store_->base, change);
    return;
  }
  store_->changes.push_back(change);
  ++version_;
}

}  // namespace cdp::bitmap
