#pragma once

#include "timeline/history.hpp"
#include "timeline/property_names.hpp"
#include "timeline/stored_chunks_pg.hpp"

#include <optional>
#include <vector>

namespace cdp::timeline {

/// Values of the events of a chunk. The details are opened, and each column read, when it is first asked for.
class ChunkValues {
 public:
  /// Both must outlive this.
  ChunkValues(const std::vector<PropertyPath>& paths, const StoredPropertyNames& names)
      : paths_(paths), names_(names) {}

  /// Goes on to a row of cdp.timeline, which stays valid as long as values of it are asked for; so does the
  /// memory context that is current then.
  void begin(const pg::StoredRow& row) {
    row_ = &row;
    details_.reset();
    columns_.assign(paths_.size(), std::nullopt);
  }

  /// The value of the i-th event at one of the paths; JSON null if absent.
  Json value(size_t i, size_t place) {
    const PropertyPath& path = paths_[place];
    if (!columns_[place]) columns_[place] = column(path);
    const std::optional<Json>& whole = (*columns_[place])[i];
    if (!whole) return Json();
    if (path.names.size() == 1) return *whole;
    const Json* value = whole->find({path.names.begin() + 1, path.names.end()});
    return value != nullptr ? *value : Json();
  }

 private:
  using Column = std::vector<std::optional<Json>>;

  Column column(const PropertyPath& path) {
    if (!details_) details_ = DetailsView::open(pg::bytes_of(row_->datum(kChunkDetails)));
    const uint32_t name_no = names_.find(path.root, path.names.front());
    return name_no != 0 && details_->has(path.root, name_no) ? details_->column(path.root, name_no)
                                                             : Column(details_->size());
  }

  const std::vector<PropertyPath>& paths_;
  const StoredPropertyNames& names_;
  const pg::StoredRow* row_ = nullptr;
  std::optional<DetailsView> details_;
  std::vector<std::optional<Column>> columns_;
};

}  // namespace cdp::timeline
