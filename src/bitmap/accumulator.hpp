#pragma once

#include "bitmap/canonical.hpp"
#include "bitmap/portable.hpp"

#include <cstdint>
#include <memory_resource>
#include <span>
#include <string>
#include <vector>

namespace cdp::bitmap {

/// A union in the making: takes elements and whole sets in any order, and orders them only when it is asked
/// what it has.
///
/// A few elements are kept as they come. More are spread over slots, one for the upper 16 bits, where the
/// lower ones are appended; a slot with more than 4096 elements is a bitset. So an element costs an append, a
/// container of a set an append or an OR of words, whatever their order and kind. Not to be used after
/// bad_alloc. Memory comes from the resource, at most about the larger of 8 kB a slot and twice the canonical
/// bytes; a container that is full or was given once as runs costs what it has in the set it came from.
class Accumulator {
 public:
  explicit Accumulator(std::pmr::memory_resource* memory);
  Accumulator(const Accumulator&) = delete;
  Accumulator& operator=(const Accumulator&) = delete;
  ~Accumulator();

  void add(uint32_t element);
  /// Adds all elements of a set in the portable format. Throws Error(Corrupt) where the bytes are false, only
  /// not where a bitset has another number of elements than stated, which nothing depends on; the containers
  /// before the false one may have been added then. Answers interrupts.
  void add(ByteView set);

  /// Answers of the union so far; they order what was added since the last one.
  uint64_t cardinality();
  size_t byte_size();                       ///< of the canonical portable form
  size_t write_to(std::span<uint8_t> out);  ///< writes that form, which must fit; returns its size
  std::string to_bytes();

 private:
  enum class Kind : uint8_t { Array, Bitset, Runs, Full };

  /// What shares the upper 16 bits.
  struct Slot {
    void* data;         // room for `capacity` elements or runs; 1024 words; nothing if full
    uint16_t size;      // of arrays and runs
    uint16_t capacity;  // of arrays and runs: 0 or a power of two
    uint16_t key;
    Kind kind;
    bool is_sorted;  // of arrays and runs: they ascend, and runs do not touch
  };

  void spread();
  void give_slots(uint16_t key);
  Slot& slot_of(uint16_t key);
  Slot& new_slot(uint16_t key);
  void rehash(size_t size);
  void add_elements(const Container& container);
  void add_container(const Container& container);
  void add_array(Slot& slot, const uint8_t* elements, uint32_t count);
  void add_bitset(Slot& slot, const uint8_t* words);
  void add_runs(Slot& slot, const Container& container);
  void append(Slot& slot, uint16_t element);
  void make_room(Slot& slot, uint32_t more);
  void make_room_for_runs(Slot& slot, uint32_t more);
  template <class T>
  void grow(Slot& slot, uint32_t more, uint32_t most);
  void make_bitset(Slot& slot);
  void make_full(Slot& slot);
  void release(const Slot& slot);
  static void sort(Slot& slot);
  const std::vector<ContainerSource>& sources();

  std::pmr::memory_resource* memory_;
  std::pmr::vector<uint32_t> few_;        // until there are slots
  std::pmr::vector<Slot> slots_;          // in the order in which their keys came
  std::pmr::vector<uint32_t> table_;      // open addressing by key: 0, or a slot's index + 1
  size_t last_ = 0;                       // the slot used last
  std::pmr::vector<uint16_t> lows_;       // lower parts of few_, while sources_ points into them
  std::vector<ContainerSource> sources_;  // empty after additions
};

inline void Accumulator::add(uint32_t element) {
  sources_.clear();
  if (slots_.empty()) {
    if (few_.size() == few_.capacity()) spread();
    if (slots_.empty()) {
      few_.push_back(element);
      return;
    }
  }
  append(slot_of(static_cast<uint16_t>(element >> 16)), static_cast<uint16_t>(element));
}

inline Accumulator::Slot& Accumulator::slot_of(uint16_t key) {
  if (slots_[last_].key == key) return slots_[last_];
  return new_slot(key);
}

inline void Accumulator::append(Slot& slot, uint16_t element) {
  if (slot.kind == Kind::Bitset) {
    static_cast<uint64_t*>(slot.data)[element / 64] |= uint64_t{1} << (element % 64);
    return;
  }
  if (slot.kind != Kind::Array || slot.size == slot.capacity) {
    make_room(slot, 1);
    if (slot.kind != Kind::Array) {
      if (slot.kind == Kind::Bitset) append(slot, element);
      return;
    }
  }
  auto* elements = static_cast<uint16_t*>(slot.data);
  if (slot.size > 0 && element <= elements[slot.size - 1]) {
    if (element == elements[slot.size - 1]) return;
    slot.is_sorted = false;
  }
  elements[slot.size++] = element;
}

}  // namespace cdp::bitmap
