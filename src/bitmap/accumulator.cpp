#include "bitmap/accumulator.hpp"

#include "base/interrupt.hpp"
#include "bitmap/words.hpp"

#include <algorithm>
#include <bit>
#include <cstring>

namespace cdp::bitmap {

using detail::count_bits;
using detail::kWords;
using detail::load;

namespace {

constexpr size_t kFewestFew = 16;
constexpr size_t kMostFew = 1024;  // 4 kB
constexpr uint16_t kFewestInArray = 8;
constexpr StoredRun kFullRun{0, 0xffff};

void set_run(uint64_t* words, uint32_t start, uint32_t last) {
  detail::for_each_word_of_run(start, last, [&](size_t i, uint64_t bits) { words[i] |= bits; });
}

void set_bit(uint64_t* words, uint32_t low) { words[low / 64] |= uint64_t{1} << (low % 64); }

/// Sorts a few elements and drops what repeats; returns how many remain.
size_t sort_few(uint16_t* elements, size_t count) {
  for (size_t i = 1; i < count; ++i) {
    const uint16_t element = elements[i];
    size_t at = i;
    for (; at > 0 && elements[at - 1] > element; --at) elements[at] = elements[at - 1];
    elements[at] = element;
  }
  return static_cast<size_t>(std::unique(elements, elements + count) - elements);
}

/// The same for many, by way of a bitset that is left empty; a second one says which of its words to visit.
size_t sort_many(uint16_t* elements, size_t count) {
  thread_local uint64_t words[kWords];
  thread_local uint64_t used[kWords / 64];
  for (size_t i = 0; i < count; ++i) {
    const uint32_t element = elements[i];
    set_bit(words, element);
    used[element / 4096] |= uint64_t{1} << (element / 64 % 64);
  }
  uint16_t* out = elements;
  for (size_t block = 0; block < kWords / 64; ++block) {
    for (uint64_t visits = used[block]; visits != 0; visits &= visits - 1) {
      const size_t i = 64 * block + static_cast<size_t>(std::countr_zero(visits));
      for (uint64_t word = words[i]; word != 0; word &= word - 1)
        *out++ = static_cast<uint16_t>(64 * i + static_cast<size_t>(std::countr_zero(word)));
      words[i] = 0;
    }
    used[block] = 0;
  }
  return static_cast<size_t>(out - elements);
}

/// Brings runs in order and joins those that overlap or touch, by way of a bitset; returns how many remain.
size_t sort_runs(StoredRun* runs, size_t count) {
  thread_local uint64_t words[kWords];
  for (size_t i = 0; i < count; ++i)
    set_run(words, runs[i].start, static_cast<uint32_t>(runs[i].start) + runs[i].length);
  size_t begun = 0;
  size_t ended = 0;
  uint64_t before = 0;  // the bit before this word
  for (size_t i = 0; i < kWords; ++i) {
    const uint64_t word = words[i];
    const uint64_t after = i + 1 < kWords ? words[i + 1] & 1 : 0;
    const size_t low = 64 * i;
    for (uint64_t starts = word & ~(word << 1 | before); starts != 0; starts &= starts - 1)
      runs[begun++].start = static_cast<uint16_t>(low + static_cast<size_t>(std::countr_zero(starts)));
    for (uint64_t ends = word & ~(word >> 1 | after << 63); ends != 0; ends &= ends - 1) {
      const size_t last = low + static_cast<size_t>(std::countr_zero(ends));
      runs[ended].length = static_cast<uint16_t>(last - runs[ended].start);
      ++ended;
    }
    before = word >> 63;
    words[i] = 0;
  }
  return ended;
}

template <class T>
T* allocate(std::pmr::memory_resource* memory, size_t count) {
  return static_cast<T*>(memory->allocate(count * sizeof(T), 8));
}

}  // namespace

Accumulator::Accumulator(std::pmr::memory_resource* memory)
    : memory_(memory), few_(memory), slots_(memory), table_(memory), lows_(memory) {}

Accumulator::~Accumulator() {
  for (const Slot& slot : slots_) release(slot);
}

void Accumulator::release(const Slot& slot) {
  switch (slot.kind) {
    case Kind::Array:
      if (slot.capacity > 0) memory_->deallocate(slot.data, slot.capacity * sizeof(uint16_t), 8);
      break;
    case Kind::Bitset:
      memory_->deallocate(slot.data, kBitsetBytes, 8);
      break;
    case Kind::Runs:
      if (slot.capacity > 0) memory_->deallocate(slot.data, slot.capacity * sizeof(StoredRun), 8);
      break;
    case Kind::Full:
      break;
  }
}

// ---- Slots ----

/// Makes room among the few elements, or gives each its slot where they are too many.
void Accumulator::spread() {
  if (few_.capacity() < kMostFew) {
    few_.reserve(std::max(kFewestFew, 2 * few_.capacity()));
    return;
  }
  std::sort(few_.begin(), few_.end());
  few_.erase(std::unique(few_.begin(), few_.end()), few_.end());
  if (few_.size() <= kMostFew / 2) return;
  give_slots(static_cast<uint16_t>(few_.front() >> 16));
}

/// Moves the few elements to their slots, beginning with one for `key`.
void Accumulator::give_slots(uint16_t key) {
  const std::pmr::vector<uint32_t> few(std::move(few_));
  new_slot(key);
  for (const uint32_t element : few)
    append(slot_of(static_cast<uint16_t>(element >> 16)), static_cast<uint16_t>(element));
}

/// The slot of a key that was not the last one used: the next one, or one that the table knows, or a new one.
Accumulator::Slot& Accumulator::new_slot(uint16_t key) {
  if (last_ + 1 < slots_.size() && slots_[last_ + 1].key == key) return slots_[++last_];
  if (2 * slots_.size() >= table_.size()) rehash(std::max<size_t>(64, 2 * table_.size()));
  const size_t mask = table_.size() - 1;
  // Contiguous keys go to entries of their own; others to where an odd factor takes them.
  for (size_t at = key * 40503U & mask;; at = (at + 1) & mask) {
    if (table_[at] == 0) {
      slots_.push_back({nullptr, 0, 0, key, Kind::Array, true});
      table_[at] = static_cast<uint32_t>(slots_.size());
      last_ = slots_.size() - 1;
      return slots_.back();
    }
    if (slots_[table_[at] - 1].key == key) {
      last_ = table_[at] - 1;
      return slots_[last_];
    }
  }
}

void Accumulator::rehash(size_t size) {
  std::pmr::vector<uint32_t> table(size, 0, memory_);
  const size_t mask = size - 1;
  for (size_t i = 0; i < slots_.size(); ++i) {
    size_t at = slots_[i].key * 40503U & mask;
    while (table[at] != 0) at = (at + 1) & mask;
    table[at] = static_cast<uint32_t>(i + 1);
  }
  table_ = std::move(table);
}

void Accumulator::sort(Slot& slot) {
  constexpr size_t kFew = 12;
  if (slot.is_sorted) return;
  slot.is_sorted = true;
  if (slot.kind == Kind::Runs) {
    slot.size = static_cast<uint16_t>(sort_runs(static_cast<StoredRun*>(slot.data), slot.size));
    return;
  }
  auto* elements = static_cast<uint16_t*>(slot.data);
  slot.size = static_cast<uint16_t>(slot.size <= kFew ? sort_few(elements, slot.size)
                                                      : sort_many(elements, slot.size));
}

/// Room in an array for so many more elements; a bitset instead where the array would be too long, and for
/// runs. A full slot stays as it is.
void Accumulator::make_room(Slot& slot, uint32_t more) {
  if (slot.kind == Kind::Full || slot.kind == Kind::Bitset) return;
  if (slot.kind == Kind::Runs) {
    make_bitset(slot);
    return;
  }
  if (slot.size + more <= slot.capacity) return;
  sort(slot);
  grow<uint16_t>(slot, more, kMostArrayElements);
}

/// Room for so many more runs; a bitset instead where they would be too many.
void Accumulator::make_room_for_runs(Slot& slot, uint32_t more) {
  constexpr uint32_t kMostRuns = 1024;
  constexpr uint32_t kWorthSorting =
      128;  // an order costs a pass over a bitset, more than room for a few runs
  if (slot.size + more <= slot.capacity) return;
  if (slot.capacity >= kWorthSorting) sort(slot);
  grow<StoredRun>(slot, more, kMostRuns);
}

/// Gives a slot more capacity where it needs that, or makes a bitset of it where it would need more
/// than `most`. A third of the room is to be free then, so that making the order costs little for each
/// addition.
template <class T>
void Accumulator::grow(Slot& slot, uint32_t more, uint32_t most) {
  const uint32_t needed = std::max<uint32_t>(slot.size + more, slot.size + slot.size / 2);
  if (needed > most) {
    make_bitset(slot);
    return;
  }
  if (needed <= slot.capacity) return;
  const auto capacity = static_cast<uint16_t>(std::max<uint32_t>(kFewestInArray, std::bit_ceil(needed)));
  auto* grown = allocate<T>(memory_, capacity);
  if (slot.size > 0) std::memcpy(grown, slot.data, slot.size * sizeof(T));
  release(slot);
  slot.data = grown;
  slot.capacity = capacity;
}

void Accumulator::make_bitset(Slot& slot) {
  auto* words = allocate<uint64_t>(memory_, kWords);
  std::memset(words, 0, kBitsetBytes);
  if (slot.kind == Kind::Array) {
    const auto* elements = static_cast<const uint16_t*>(slot.data);
    for (size_t i = 0; i < slot.size; ++i) set_bit(words, elements[i]);
  } else if (slot.kind == Kind::Runs) {
    const auto* runs = static_cast<const StoredRun*>(slot.data);
    for (size_t i = 0; i < slot.size; ++i)
      set_run(words, runs[i].start, static_cast<uint32_t>(runs[i].start) + runs[i].length);
  }
  release(slot);
  slot.data = words;
  slot.kind = Kind::Bitset;
}

void Accumulator::make_full(Slot& slot) {
  release(slot);
  slot.data = nullptr;
  slot.kind = Kind::Full;
}

// ---- Sets ----

void Accumulator::add(ByteView set) {
  const View view(set);
  sources_.clear();
  if (slots_.empty()) {
    // A small set is as good as its elements.
    uint64_t elements = 0;
    for (uint32_t i = 0; i < view.container_count() && elements <= kMostFew / 4; ++i)
      elements += view.cardinality(i);
    if (elements > kMostFew / 4) give_slots(view.key(0));
  }
  view.for_each_container([&](const Container& container) {
    // Any words are a sound bitset, and what the header says of how many bits they have is not used.
    if (container.kind != ContainerKind::Bitset) view.check_elements(container);
    if (slots_.empty()) {
      add_elements(container);
    } else {
      add_container(container);
    }
  });
}

void Accumulator::add_elements(const Container& container) {
  const uint32_t high = uint32_t{container.key} << 16;
  if (container.kind == ContainerKind::Array) {
    for (uint32_t i = 0; i < container.cardinality; ++i) add(high | detail::element_at(container, i));
    return;
  }
  detail::for_each_run(container, [&](uint32_t start, uint32_t last) {
    for (uint32_t low = start; low <= last; ++low) add(high | low);
  });
}

void Accumulator::add_container(const Container& container) {
  Slot& slot = slot_of(container.key);
  if (slot.kind == Kind::Full) return;
  switch (container.kind) {
    case ContainerKind::Array:
      add_array(slot, container.bytes.data(), container.cardinality);
      break;
    case ContainerKind::Bitset:
      add_bitset(slot, container.bytes.data());
      break;
    case ContainerKind::Run:
      add_runs(slot, container);
      break;
  }
}

void Accumulator::add_array(Slot& slot, const uint8_t* elements, uint32_t count) {
  constexpr uint32_t kFewBesideRuns = 64;
  if (slot.kind == Kind::Runs && count <= kFewBesideRuns) make_room_for_runs(slot, count);
  if (slot.kind == Kind::Runs && count <= kFewBesideRuns) {
    auto* runs = static_cast<StoredRun*>(slot.data);
    for (size_t i = 0; i < count; ++i) runs[slot.size++] = {load<uint16_t>(elements + 2 * i), 0};
    slot.is_sorted = false;
    return;
  }
  make_room(slot, count);
  if (slot.kind == Kind::Bitset) {
    auto* words = static_cast<uint64_t*>(slot.data);
    for (size_t i = 0; i < count; ++i) set_bit(words, load<uint16_t>(elements + 2 * i));
    return;
  }
  auto* own = static_cast<uint16_t*>(slot.data);
  const size_t before = slot.size;
  std::memcpy(own + before, elements, count * sizeof(uint16_t));
  slot.size = static_cast<uint16_t>(before + count);
  slot.is_sorted = slot.is_sorted && (before == 0 || own[before - 1] < own[before]);
}

void Accumulator::add_bitset(Slot& slot, const uint8_t* words) {
  if (slot.kind == Kind::Array && slot.size == 0) {
    auto* copy = allocate<uint64_t>(memory_, kWords);
    std::memcpy(copy, words, kBitsetBytes);
    release(slot);
    slot.data = copy;
    slot.kind = Kind::Bitset;
    return;
  }
  if (slot.kind != Kind::Bitset) make_bitset(slot);
  auto* own = static_cast<uint64_t*>(slot.data);
  for (size_t i = 0; i < kWords; ++i) own[i] |= load<uint64_t>(words + 8 * i);
}

void Accumulator::add_runs(Slot& slot, const Container& container) {
  constexpr size_t kMostNewRuns = 512;
  if (container.cardinality == 0x10000) {
    make_full(slot);
    return;
  }
  const uint8_t* runs = container.bytes.data() + 2;
  const size_t count = container.bytes.size() / 4;
  if (slot.kind == Kind::Array && slot.size == 0 && 2 * count < container.cardinality &&
      count <= kMostNewRuns) {
    release(slot);
    slot.data = nullptr;
    slot.capacity = 0;
    slot.kind = Kind::Runs;
  }
  if (slot.kind == Kind::Runs) make_room_for_runs(slot, static_cast<uint32_t>(count));
  if (slot.kind == Kind::Runs) {
    std::memcpy(static_cast<StoredRun*>(slot.data) + slot.size, runs, count * sizeof(StoredRun));
    slot.is_sorted = slot.size == 0;
    slot.size = static_cast<uint16_t>(slot.size + count);
    return;
  }
  if (container.cardinality > kMostArrayElements / 4 && slot.kind == Kind::Array) {
    make_bitset(slot);
  } else {
    make_room(slot, container.cardinality);
  }
  for (size_t i = 0; i < count; ++i) {
    const uint32_t start = load<uint16_t>(runs + 4 * i);
    const uint32_t last = start + load<uint16_t>(runs + 4 * i + 2);
    if (slot.kind == Kind::Bitset) {
      set_run(static_cast<uint64_t*>(slot.data), start, last);
    } else {
      for (uint32_t low = start; low <= last; ++low) append(slot, static_cast<uint16_t>(low));
    }
  }
}

// ---- Answers ----

const std::vector<ContainerSource>& Accumulator::sources() {
  if (!sources_.empty()) return sources_;
  std::vector<ContainerSource> found;  // sources_ has all or nothing, whatever is thrown meanwhile
  InterruptTicker ticker;
  if (slots_.empty()) {
    std::sort(few_.begin(), few_.end());
    few_.erase(std::unique(few_.begin(), few_.end()), few_.end());
    lows_.assign(few_.begin(), few_.end());
    for (size_t i = 0; i < few_.size();) {
      const uint32_t key = few_[i] >> 16;
      const size_t begin = i;
      while (i < few_.size() && few_[i] >> 16 == key) ++i;
      found.push_back(
          ContainerSource::of_array(static_cast<uint16_t>(key), std::span(lows_).subspan(begin, i - begin)));
    }
    return sources_ = std::move(found);
  }
  found.reserve(slots_.size());
  for (Slot& slot : slots_) {
    ticker.tick();
    switch (slot.kind) {
      case Kind::Array:
        sort(slot);
        // A slot that an error left before its first element has none.
        if (slot.size > 0)
          found.push_back(
              ContainerSource::of_array(slot.key, {static_cast<const uint16_t*>(slot.data), slot.size}));
        break;
      case Kind::Bitset: {
        const auto* words = static_cast<const uint64_t*>(slot.data);
        const uint32_t bits = count_bits(static_cast<const uint8_t*>(slot.data));
        if (bits > 0) found.push_back(ContainerSource::of_bitset(slot.key, words, bits));
        break;
      }
      case Kind::Runs:
        sort(slot);
        if (slot.size == 0) break;
        found.push_back(
            ContainerSource::of_runs(slot.key, {static_cast<const StoredRun*>(slot.data), slot.size}));
        break;
      case Kind::Full:
        found.push_back(ContainerSource::of_runs(slot.key, {&kFullRun, 1}));
        break;
    }
  }
  const auto by_key = [](const ContainerSource& a, const ContainerSource& b) { return a.key() < b.key(); };
  if (!std::is_sorted(found.begin(), found.end(), by_key)) std::sort(found.begin(), found.end(), by_key);
  return sources_ = std::move(found);
}

uint64_t Accumulator::cardinality() {
  uint64_t total = 0;
  for (const ContainerSource& source : sources()) total += source.cardinality();
  return total;
}

size_t Accumulator::byte_size() { return canonical_size(sources()); }

size_t Accumulator::write_to(std::span<uint8_t> out) { return write_canonical(sources(), out); }

std::string Accumulator::to_bytes() {
  std::string bytes(byte_size(), '\0');
  write_to({reinterpret_cast<uint8_t*>(bytes.data()), bytes.size()});
  return bytes;
}

}  // namespace cdp::bitmap
