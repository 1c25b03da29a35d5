/// Functions that give the elements of a roaringbitmap one by one, or ask for many of them.

#include "pg/server.hpp"

#include "base/interrupt.hpp"
#include "bitmap/bitmap_pg.hpp"
#include "bitmap/portable.hpp"
#include "pg/boundary.hpp"
#include "pg/datum.hpp"
#include "pg/guard.hpp"
#include "pg/memory.hpp"

#include <array>

extern "C" {
#include <catalog/pg_type_d.h>
#include <funcapi.h>
#include <utils/array.h>
}

using namespace cdp;
using bitmap::Bitmap;
using pg::Arguments;

namespace {

/// A set that is being handed out, a value a call. Only `kPiece` elements are decoded at a time.
template <class Reader>
class Iteration {
 public:
  Iteration(Bitmap set, uint32_t from, std::optional<uint64_t> limit)
      : set_(std::move(set)), reader_(set_, from), limit_(limit) {}

  std::optional<uint32_t> next() {
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

  Bitmap set_;
  Reader reader_;
  std::optional<uint64_t> limit_;
  std::array<uint32_t, kPiece> piece_;
  size_t count_ = 0;
  size_t at_ = 0;
};

/// Nothing of a null set; a null bound is the default one, a null limit none.
template <class Reader>
Datum iterate(FunctionCallInfo fcinfo, int32_t default_bound) {
  auto* result = reinterpret_cast<ReturnSetInfo*>(fcinfo->resultinfo);
  if (SRF_IS_FIRSTCALL()) {
    const Arguments arguments(fcinfo);
    if (arguments.is_null(0)) {
      result->isDone = ExprEndResult;
      return pg::null_result(fcinfo);
    }
    const int32_t bound = arguments.is_null(1) ? default_bound : arguments.integer(1);
    std::optional<uint64_t> limit;
    if (!arguments.is_null(2)) {
      if (arguments.bigint(2) < 0) throw Error(Category::BadValue, "limit must not be negative");
      limit = static_cast<uint64_t>(arguments.bigint(2));
    }
    FuncCallContext* first = pg::guard([&] { return SRF_FIRSTCALL_INIT(); });
    first->user_fctx =
        pg::make_in<Iteration<Reader>>(first->multi_call_memory_ctx, bitmap::bitmap_of(arguments.datum(0)),
                                       static_cast<uint32_t>(bound), limit);
  }
  FuncCallContext* call = pg::guard([&] { return SRF_PERCALL_SETUP(); });
  if (const std::optional<uint32_t> value = static_cast<Iteration<Reader>*>(call->user_fctx)->next()) {
    call->call_cntr++;
    result->isDone = ExprMultipleResult;
    return Int32GetDatum(static_cast<int32_t>(*value));
  }
  pg::guard([&] { end_MultiFuncCall(fcinfo, call); });
  result->isDone = ExprEndResult;
  return pg::null_result(fcinfo);
}

}  // namespace

CDP_FUNCTION(rb_iterate) { return iterate<Bitmap::Reader>(fcinfo, 0); }

CDP_FUNCTION(rb_iterate_desc) { return iterate<Bitmap::DescendingReader>(fcinfo, -1); }

CDP_FUNCTION(rb_many_contains) {
  const Arguments arguments(fcinfo);
  const ByteView set = arguments.bytes(0);
  Datum* elements = nullptr;
  bool* nulls = nullptr;
  int count = 0;
  pg::guard([&] {
    deconstruct_array(DatumGetArrayTypeP(arguments.datum(1)), INT4OID, sizeof(int32), true, TYPALIGN_INT,
                      &elements, &nulls, &count);
  });
  InterruptTicker ticker;
  for (int i = 0; i < count; ++i) {
    ticker.tick();
    if (!nulls[i])
      elements[i] = BoolGetDatum(bitmap::contains(set, static_cast<uint32_t>(DatumGetInt32(elements[i]))));
  }
  return pg::guard([&] {
    if (count == 0) return PointerGetDatum(construct_empty_array(BOOLOID));
    int lower = 1;
    return PointerGetDatum(
        construct_md_array(elements, nulls, 1, &count, &lower, BOOLOID, sizeof(bool), true, TYPALIGN_CHAR));
  });
}
