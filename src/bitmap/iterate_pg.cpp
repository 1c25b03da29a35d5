/// Functions that give the elements of a roaringbitmap or roaringbitmap64 one by one, or ask for many of
/// them.

#include "pg/server.hpp"

#include "base/interrupt.hpp"
#include "bitmap/bitmap_pg.hpp"
#include "bitmap/portable.hpp"
#include "bitmap/view64.hpp"
#include "pg/boundary.hpp"
#include "pg/datum.hpp"
#include "pg/guard.hpp"
#include "pg/memory.hpp"

#include <array>

extern "C" {
#include <funcapi.h>
#include <utils/array.h>
}

using namespace cdp;
using bitmap::Kind32;
using bitmap::Kind64;
using pg::Arguments;

namespace {

/// A set that is being handed out, a value a call. Only `kPiece` elements are decoded at a time.
template <class Kind, class Reader>
class Iteration {
 public:
  Iteration(typename Kind::Set set, typename Kind::Element from, std::optional<uint64_t> limit)
      : set_(std::move(set)), reader_(set_, from), limit_(limit) {}

  std::optional<typename Kind::Element> next() {
    if (limit_ && (*limit_)-- == 0) return std::nullopt;
    if (at_ == count_) {
      count_ = reader_.read(piece_);
      at_ = 0;
      if (count_ == 0) return std::nullopt;
    }
    return piece_[at_++];
  }

 private:
  static constexpr size_t kPiece = 256;

  typename Kind::Set set_;
  Reader reader_;
  std::optional<uint64_t> limit_;
  std::array<typename Kind::Element, kPiece> piece_;
  size_t count_ = 0;
  size_t at_ = 0;
};

/// Nothing of a null set; a null bound is the default one, a null limit none.
template <class Kind, class Reader>
Datum iterate(FunctionCallInfo fcinfo, typename Kind::Element default_bound) {
  auto* result = reinterpret_cast<ReturnSetInfo*>(fcinfo->resultinfo);
  if (SRF_IS_FIRSTCALL()) {
    const Arguments arguments(fcinfo);
    if (arguments.is_null(0)) {
      result->isDone = ExprEndResult;
      return pg::null_result(fcinfo);
    }
    const typename Kind::Element bound =
        arguments.is_null(1) ? default_bound : Kind::element(arguments.datum(1));
    std::optional<uint64_t> limit;
    if (!arguments.is_null(2)) {
      if (arguments.bigint(2) < 0) throw Error(Category::BadValue, "limit must not be negative");
      limit = static_cast<uint64_t>(arguments.bigint(2));
    }
    FuncCallContext* first = pg::guard([&] { return SRF_FIRSTCALL_INIT(); });
    first->user_fctx = pg::make_in<Iteration<Kind, Reader>>(
        first->multi_call_memory_ctx, bitmap::set_of<Kind>(arguments.datum(0)), bound, limit);
  }
  FuncCallContext* call = pg::guard([&] { return SRF_PERCALL_SETUP(); });
  if (const auto value = static_cast<Iteration<Kind, Reader>*>(call->user_fctx)->next()) {
    call->call_cntr++;
    result->isDone = ExprMultipleResult;
    return Kind::datum(*value);
  }
  pg::guard([&] { end_MultiFuncCall(fcinfo, call); });
  result->isDone = ExprEndResult;
  return pg::null_result(fcinfo);
}

/// For each element of an array: is it in the set? `is_in(element)` says so.
template <class Kind, class IsIn>
Datum many_contains(Datum array, IsIn is_in) {
  Datum* elements = nullptr;
  bool* nulls = nullptr;
  int count = 0;
  pg::guard([&] {
    constexpr bool kIsWide = sizeof(typename Kind::Element) == 8;
    deconstruct_array(DatumGetArrayTypeP(array), Kind::kElementType, sizeof(typename Kind::Element), true,
                      kIsWide ? TYPALIGN_DOUBLE : TYPALIGN_INT, &elements, &nulls, &count);
  });
  InterruptTicker ticker;
  for (int i = 0; i < count; ++i) {
    ticker.tick();
    if (!nulls[i]) elements[i] = BoolGetDatum(is_in(Kind::element(elements[i])));
  }
  return pg::guard([&] {
    if (count == 0) return PointerGetDatum(construct_empty_array(BOOLOID));
    int lower = 1;
    return PointerGetDatum(
        construct_md_array(elements, nulls, 1, &count, &lower, BOOLOID, sizeof(bool), true, TYPALIGN_CHAR));
  });
}

}  // namespace

CDP_FUNCTION(rb_iterate) { return iterate<Kind32, bitmap::Bitmap::Reader>(fcinfo, 0); }

CDP_FUNCTION(rb_iterate_desc) {
  return iterate<Kind32, bitmap::Bitmap::DescendingReader>(fcinfo, UINT32_MAX);
}

CDP_FUNCTION(rb64_iterate) { return iterate<Kind64, bitmap::Bitmap64::Reader>(fcinfo, 0); }

CDP_FUNCTION(rb64_iterate_desc) {
  return iterate<Kind64, bitmap::Bitmap64::DescendingReader>(fcinfo, UINT64_MAX);
}

CDP_FUNCTION(rb_many_contains) {
  const Arguments arguments(fcinfo);
  const ByteView set = arguments.bytes(0);
  return many_contains<Kind32>(arguments.datum(1),
                               [&](uint32_t element) { return bitmap::contains(set, element); });
}

CDP_FUNCTION(rb64_many_contains) {
  const Arguments arguments(fcinfo);
  const bitmap::View64 set(arguments.bytes(0));
  return many_contains<Kind64>(arguments.datum(1), [&](uint64_t element) {
    const ByteView part = set.find(static_cast<uint32_t>(element >> 32));
    return !part.empty() && bitmap::contains(part, static_cast<uint32_t>(element));
  });
}
