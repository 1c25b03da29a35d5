#include "profile/trait_writer_pg.hpp"

#include "base/error.hpp"
#include "base/interrupt.hpp"
#include "pg/index_lookup.hpp"
#include "pg/memory.hpp"
#include "pg/spi.hpp"
#include "pg/table_writer.hpp"

#include <algorithm>
#include <map>
#include <optional>
#include <utility>

namespace cdp::profile {

namespace {

/// The columns of cdp.trait_value, cdp.trait_chunk and cdp.trait_number.
enum ValueColumn : uint8_t { kValueIndex, kValueNo, kIsElement, kValue, kValueHash, kValueChunks };
enum ChunkColumn : uint8_t { kChunkIndex, kChunkValue, kChunkNo, kChunkUsers };
enum NumberColumn : uint8_t { kNumberIndex, kNumberChunk, kNumberScale, kNumberSlices, kNumberOthers };

void remove_rows_of(pg::Spi& spi, int64_t index_no) {
  static pg::Query remove_values("DELETE FROM cdp.trait_value WHERE index_no = $1");
  static pg::Query remove_chunks("DELETE FROM cdp.trait_chunk WHERE index_no = $1");
  static pg::Query remove_numbers("DELETE FROM cdp.trait_number WHERE index_no = $1");
  (void)remove_values(spi, index_no);
  (void)remove_chunks(spi, index_no);
  (void)remove_numbers(spi, index_no);
}

void remove_chunk_rows(pg::Spi& spi, const std::vector<uint64_t>& places) {
  static pg::Query remove("DELETE FROM cdp.trait_chunk WHERE ctid = ANY($1::text::tid[])");
  if (!places.empty()) (void)remove(spi, pg::tids_text(places));
}

/// User numbers and values, as cdp.trait_number.others has them.
Json json_of(const std::vector<UserNumber>& numbers) {
  Json::Object object;
  for (const UserNumber& number : numbers)
    object.push_back({std::to_string(number.user), Json(number.number)});
  return Json(std::move(object));
}

/// The numbers of a chunk as stored.
struct StoredNumbers {
  NumberSlices slices;
  uint64_t place = 0;  ///< 0: there are none
};

StoredNumbers stored_numbers(int64_t index_no, int64_t chunk) {
  StoredNumbers stored;
  pg::IndexLookup rows("cdp", "trait_number", "trait_number_pkey");
  const pg::Arena arena("cdp trait numbers");
  const pg::InContext in_arena(arena.context());
  rows.find(
      [&](const pg::StoredRow& row) {
        stored.slices.scale = row.integer(kNumberScale);
        stored.slices.numbers = bitmap::Bsi::from_bytes(pg::bytes_of(row.datum(kNumberSlices)));
        const Json others = row.json(kNumberOthers);
        stored.slices.others = user_numbers_of(others);
        stored.place = row.place();
      },
      index_no, chunk);
  return stored;
}

}  // namespace

std::vector<UserNumber> user_numbers_of(const Json& others) {
  std::vector<UserNumber> numbers;
  if (others.object() == nullptr) return numbers;
  for (const Json::Member& member : *others.object())
    if (member.value.number() != nullptr)
      numbers.push_back({static_cast<uint32_t>(std::stoul(member.name)), *member.value.number()});
  std::sort(numbers.begin(), numbers.end(),
            [](const UserNumber& a, const UserNumber& b) { return a.user < b.user; });
  return numbers;
}

TraitWriter TraitWriter::of_everyone() { return {TraitIndex(), false, false}; }

TraitWriter TraitWriter::of_new(pg::Spi& spi, const TraitIndex& index, bool is_asked) {
  remove_rows_of(spi, index.number);
  return {index, true, is_asked};
}

TraitWriter TraitWriter::of_stored(pg::Spi& spi, const TraitIndex& index) {
  (void)spi;
  TraitWriter writer(index, index.lists_numbers, false);
  pg::IndexLookup rows("cdp", "trait_value", "trait_value_pkey");
  pg::Arena arena("cdp trait values");
  rows.seek_up(index.number, INT64_MIN);
  while (const auto row = rows.next()) {
    arena.reset();
    const pg::InContext in_arena(arena.context());
    writer.values_.load(
        {row->bigint(kValueNo), row->json(kValue), row->boolean(kIsElement), row->bigint(kValueChunks), 0});
  }
  return writer;
}

void TraitWriter::count_chunks(int64_t value_no, int64_t more) {
  if (value_no != 0) values_.at(value_no).chunks += more;
}

void TraitWriter::put_users(pg::Spi& spi, int64_t chunk, const bitmap::Bitmap& touched,
                            TraitChunk& contents) {
  struct Update {
    uint64_t place;
    std::string users;
  };
  std::vector<Update> updates;
  std::vector<uint64_t> removed;
  std::vector<int64_t> emptied;
  if (!touched.is_empty()) {
    pg::IndexLookup rows("cdp", "trait_chunk", "trait_chunk_pkey");
    pg::Arena arena("cdp trait chunk");
    const auto take = [&](const pg::StoredRow& row) {
      arena.reset();
      const pg::InContext in_arena(arena.context());
      const int64_t value_no = row.bigint(kChunkValue);
      const bitmap::Bitmap before = bitmap::Bitmap::from_bytes(pg::bytes_of(row.datum(kChunkUsers)));
      bitmap::Bitmap after = before;
      after -= touched;
      if (const auto added = contents.users.find(value_no); added != contents.users.end()) {
        after.add_many(added->second);
        contents.users.erase(added);
      }
      if (after == before) return;
      if (after.is_empty()) {
        removed.push_back(row.place());
        emptied.push_back(value_no);
      } else {
        updates.push_back({row.place(), after.to_bytes()});
      }
    };
    rows.find(take, index_.number, int64_t{0}, chunk);
    for (const auto& [value_no, entry] : values_.entries()) {
      check_interrupts();
      if (entry.stored_chunks > 0) rows.find(take, index_.number, value_no, chunk);
    }
  }
  for (const int64_t value_no : emptied) count_chunks(value_no, -1);
  remove_chunk_rows(spi, removed);
  pg::TableWriter written("cdp", "trait_chunk");
  for (const Update& update : updates)
    written.update(update.place, pg::Set{kChunkUsers, pg::Bytes{update.users}});
  for (const auto& [value_no, users] : contents.users) {
    const std::string bytes = bitmap::Bitmap::of(users).to_bytes();
    written.add(index_.number, value_no, chunk, pg::Bytes{bytes});
    count_chunks(value_no, 1);
  }
  written.finish();
}

void TraitWriter::put_numbers(pg::Spi& spi, int64_t chunk, const bitmap::Bitmap& touched,
                              const TraitChunk& contents) {
  StoredNumbers stored;
  if (!touched.is_empty()) stored = stored_numbers(index_.number, chunk);
  std::vector<UserNumber> numbers;
  if (stored.place != 0) numbers = stored.slices.entries();
  const size_t before = numbers.size();
  std::erase_if(numbers, [&](const UserNumber& number) { return touched.contains(number.user); });
  if (before == numbers.size() && contents.numbers.empty()) return;
  const auto middle = static_cast<std::ptrdiff_t>(numbers.size());
  numbers.insert(numbers.end(), contents.numbers.begin(), contents.numbers.end());
  std::inplace_merge(numbers.begin(), numbers.begin() + middle, numbers.end(),
                     [](const UserNumber& a, const UserNumber& b) { return a.user < b.user; });
  if (numbers.empty()) {
    static pg::Query remove("DELETE FROM cdp.trait_number WHERE index_no = $1 AND chunk = $2");
    (void)remove(spi, index_.number, chunk);
    return;
  }
  const NumberSlices slices = NumberSlices::of(numbers);
  const std::string bytes = slices.numbers.to_bytes();
  const Json others = json_of(slices.others);
  pg::TableWriter written("cdp", "trait_number");
  if (stored.place == 0)
    written.add(index_.number, chunk, slices.scale, pg::Bytes{bytes}, others);
  else
    written.update(stored.place, pg::Set{kNumberScale, slices.scale},
                   pg::Set{kNumberSlices, pg::Bytes{bytes}}, pg::Set{kNumberOthers, others});
  written.finish();
}

void TraitWriter::keep_limits(pg::Spi& spi) {
  if (values_.lists_numbers() && values_.numbers() > kMostListedNumbers) {
    static pg::Query remove("DELETE FROM cdp.trait_chunk WHERE index_no = $1 AND value_no = ANY($2)");
    static pg::Query remove_values("DELETE FROM cdp.trait_value WHERE index_no = $1 AND value_no = ANY($2)");
    const std::vector<int64_t> numbers = values_.stop_listing();
    (void)remove(spi, index_.number, numbers);
    (void)remove_values(spi, index_.number, numbers);
  }
  if (values_.texts() <= kMostTraitTexts) return;
  if (is_asked_)
    throw Error(Category::Limit,
                "trait \"" + index_.trait + "\" has more than " + std::to_string(kMostTraitTexts) +
                    " different texts and elements",
                {},
                "An index serves traits that many users have in common. Rules about this one read profiles.");
  is_given_up_ = true;
  remove_rows_of(spi, index_.number);
}

void TraitWriter::put(pg::Spi& spi, int64_t chunk, const bitmap::Bitmap& touched, TraitChunk contents) {
  if (is_given_up_) return;
  check_interrupts();
  put_users(spi, chunk, touched, contents);
  put_numbers(spi, chunk, touched, contents);
  keep_limits(spi);
}

void TraitWriter::write_values(pg::Spi& spi) {
  static pg::Query update("UPDATE cdp.trait_value SET chunks = $3 WHERE index_no = $1 AND value_no = $2");
  static pg::Query remove("DELETE FROM cdp.trait_value WHERE index_no = $1 AND value_no = ANY($2)");
  std::vector<int64_t> gone;
  std::vector<const TraitValues::Entry*> added;
  for (const auto& [number, entry] : values_.entries()) {
    if (entry.chunks == 0)
      gone.push_back(number);
    else if (entry.stored_chunks == 0)
      added.push_back(&entry);
    else if (entry.stored_chunks != entry.chunks)
      (void)update(spi, index_.number, number, entry.chunks);
  }
  pg::TableWriter rows("cdp", "trait_value");
  for (const TraitValues::Entry* entry : added)
    rows.add(index_.number, entry->number, entry->is_element, entry->value,
             static_cast<int64_t>(hash_of(entry->value)), entry->chunks);
  rows.finish();
  if (!gone.empty()) (void)remove(spi, index_.number, gone);
  for (const int64_t number : gone) values_.erase(number);
}

void TraitWriter::finish(pg::Spi& spi) {
  if (is_of_everyone() || is_given_up_) return;
  write_values(spi);
  static pg::Query update(
      "UPDATE cdp.trait_index SET texts = $2, numbers = $3, lists_numbers = $4 WHERE index_no = $1"
      " AND (texts, numbers, lists_numbers) IS DISTINCT FROM ($2, $3, $4)");
  (void)update(spi, index_.number, static_cast<int64_t>(values_.texts()),
               static_cast<int64_t>(values_.numbers()), values_.lists_numbers());
}

}  // namespace cdp::profile
