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
  ChunkValues(const std::vector<PropertyPath>& paths, const StoredPropertyNames& names, Numbers numbers)
      : paths_(paths), names_(names), are_by_value_(numbers == Numbers::ByValue), columns_(paths.size()) {}

  /// Goes on to a row of cdp.timeline, which stays valid as long as values of it are asked for; so does the
  /// memory context that is current then.
  void begin(const pg::StoredRow& row) {
    row_ = &row;
    details_.reset();
    for (Column& column : columns_) column.kind = Kind::Unread;
  }

  /// The value of the i-th event at one of the paths; JSON null if absent.
  Json value(size_t i, size_t place) {
    Column& column = columns_[place];
    if (column.kind == Kind::Unread) read(paths_[place], column);
    if (column.kind == Kind::Absent) return Json();
    if (column.kind == Kind::Numbers)
      return column.numbers.has(i) ? Json(Decimal::of({column.numbers.digits[i], column.numbers.scale}))
                                   : Json();
    const std::optional<Json>& whole = column.values[i];
    if (!whole) return Json();
    const PropertyPath& path = paths_[place];
    if (path.names.size() == 1) return *whole;
    const Json* value = whole->find({path.names.begin() + 1, path.names.end()});
    return value != nullptr ? *value : Json();
  }

 private:
  enum class Kind : uint8_t { Unread, Absent, Numbers, Values };
  struct Column {
    Kind kind = Kind::Unread;
    NumberColumn numbers;
    std::vector<std::optional<Json>> values;
  };

  void read(const PropertyPath& path, Column& column) {
    if (!details_) details_ = DetailsView::open(pg::bytes_of(row_->datum(kChunkDetails)));
    const uint32_t name_no = names_.find(path.root, path.names.front());
    if (name_no == 0 || !details_->has(path.root, name_no)) {
      column.kind = Kind::Absent;
    } else if (are_by_value_ && path.names.size() == 1 &&
               details_->numbers(path.root, name_no, column.numbers)) {
      column.kind = Kind::Numbers;
    } else {
      column.values = details_->column(path.root, name_no);
      column.kind = Kind::Values;
    }
  }

  const std::vector<PropertyPath>& paths_;
  const StoredPropertyNames& names_;
  bool are_by_value_;
  const pg::StoredRow* row_ = nullptr;
  std::optional<DetailsView> details_;
  std::vector<Column> columns_;
};

}  // namespace cdp::timeline
