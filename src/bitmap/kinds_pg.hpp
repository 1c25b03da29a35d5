#pragma once

#include "pg/server.hpp"

#include "bitmap/accumulator.hpp"
#include "bitmap/accumulator64.hpp"
#include "bitmap/bitmap64.hpp"
#include "bitmap/bsi.hpp"
#include "bitmap/operand.hpp"
#include "bitmap/operand64.hpp"
#include "bitmap/versioned.hpp"
#include "pg/datum.hpp"

#include <catalog/pg_type_d.h>
#include <cstdint>

/// What the functions of roaringbitmap and roaringbitmap64 have to know of their type; they are written once
/// for both. SQL's elements are the signed integers of the same bits.
namespace cdp::bitmap {

struct Kind32 {
  using Element = uint32_t;
  using Set = Bitmap;
  using Operand = bitmap::Operand;
  using Growing = Versioned;  ///< what an expanded value holds
  using Union = Accumulator;

  static constexpr const char* kType = "roaringbitmap";
  static constexpr const char* kIterate = "rb_iterate";
  static constexpr Oid kElementType = INT4OID;

  static Element element(Datum integer) { return static_cast<uint32_t>(DatumGetInt32(integer)); }
  static Datum datum(Element element) { return Int32GetDatum(static_cast<int32_t>(element)); }
  static const Set& read(const Growing& value) { return value.read(); }
  static Set& write(Growing& value) { return value.write(); }
};

struct Kind64 {
  using Element = uint64_t;
  using Set = Bitmap64;
  using Operand = Operand64;
  using Growing = Bitmap64;
  using Union = Accumulator64;

  static constexpr const char* kType = "roaringbitmap64";
  static constexpr const char* kIterate = "rb64_iterate";
  static constexpr Oid kElementType = INT8OID;

  static Element element(Datum integer) { return static_cast<uint64_t>(DatumGetInt64(integer)); }
  static Datum datum(Element element) { return Int64GetDatum(static_cast<int64_t>(element)); }
  static const Set& read(const Growing& value) { return value; }
  static Set& write(Growing& value) { return value; }
};

/// Of rb_bsi only what its expanded values need: the state of rb_bsi_agg.
struct KindBsi {
  using Set = Bsi;
  using Growing = Bsi;
  using Union = BsiBuilder;

  static constexpr const char* kType = "rb_bsi";

  static const Set& read(const Growing& value) { return value; }
};

}  // namespace cdp::bitmap
