#include "pg/datum.hpp"

#include "base/error.hpp"
#include "base/interrupt.hpp"
#include "pg/compat.hpp"
#include "pg/guard.hpp"

#include <array>
#include <charconv>

extern "C" {
#include <funcapi.h>
#include <utils/jsonb.h>
#include <utils/numeric.h>
#include <utils/tuplestore.h>
}

namespace cdp::pg {

std::string_view text_of(Datum text) {
  const ByteView bytes = bytes_of(text);
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

ByteView bytes_of(Datum varlena) {
  const auto* flat = reinterpret_cast<const struct varlena*>(DatumGetPointer(varlena));
  if (VARATT_IS_EXTERNAL(flat) || VARATT_IS_COMPRESSED(flat))
    flat = guard([&] { return PG_DETOAST_DATUM_PACKED(varlena); });
  return {reinterpret_cast<const uint8_t*>(VARDATA_ANY(flat)), VARSIZE_ANY_EXHDR(flat)};
}

std::string_view Arguments::text(int i) const { return text_of(datum(i)); }
ByteView Arguments::bytes(int i) const { return bytes_of(datum(i)); }
Json Arguments::jsonb(int i) const { return json_of(datum(i)); }

std::optional<std::string_view> Arguments::optional_text(int i) const {
  if (is_null(i)) return std::nullopt;
  return text(i);
}

Datum to_text(std::string_view text) { return to_varlena(text); }

Datum to_varlena(ByteView bytes) {
  if (bytes.size() > MaxAllocSize - VARHDRSZ)
    throw Error(Category::Limit, "value is larger than 1 GB",
                "It takes " + std::to_string(bytes.size()) + " bytes.");
  auto* made = guard([&] { return static_cast<struct varlena*>(palloc(bytes.size() + VARHDRSZ)); });
  SET_VARSIZE(made, bytes.size() + VARHDRSZ);
  if (!bytes.empty()) std::memcpy(VARDATA(made), bytes.data(), bytes.size());
  return PointerGetDatum(made);
}

Datum to_cstring(std::string_view text) {
  return guard([&] { return CStringGetDatum(pnstrdup(text.data(), text.size())); });
}

namespace {

Json json_of_scalar(const JsonbValue& value);

Json number_of(Numeric numeric) {
  const char* text =
      guard([&] { return DatumGetCString(DirectFunctionCall1(numeric_out, NumericGetDatum(numeric))); });
  std::optional<Decimal> number = Decimal::parse(text);
  if (!number) return Json(std::string_view(text));  // NaN and infinities, which jsonb text cannot hold
  return Json(std::move(*number));
}

/// Reads values off a jsonb iterator.
class JsonbReader {
 public:
  explicit JsonbReader(JsonbContainer* container)
      : iterator_(guard([&] { return JsonbIteratorInit(container); })) {}

  Json read() {
    next(false);
    return container();
  }

 private:
  void next(bool skip_nested) {
    ticker_.tick();
    token_ = guard([&] { return JsonbIteratorNext(&iterator_, &value_, skip_nested); });
  }

  Json item() {
    if (token_ == WJB_BEGIN_ARRAY || token_ == WJB_BEGIN_OBJECT) return container();
    return json_of_scalar(value_);
  }

  Json container() {
    guard([] { check_stack_depth(); });
    if (token_ == WJB_BEGIN_ARRAY) {
      const bool is_scalar = value_.val.array.rawScalar;
      Json::Array items;
      for (next(false); token_ != WJB_END_ARRAY; next(false)) items.push_back(item());
      return is_scalar && !items.empty() ? std::move(items.front()) : Json(std::move(items));
    }
    Json::Object members;
    for (next(false); token_ != WJB_END_OBJECT; next(false)) {
      std::string name(value_.val.string.val, static_cast<size_t>(value_.val.string.len));
      next(false);
      members.push_back({std::move(name), item()});
    }
    return Json(std::move(members));
  }

  JsonbIterator* iterator_;
  InterruptTicker ticker_;
  JsonbValue value_{};
  JsonbIteratorToken token_ = WJB_DONE;
};

Json json_of_scalar(const JsonbValue& value) {
  switch (value.type) {
    case jbvBool:
      return Json(static_cast<bool>(value.val.boolean));
    case jbvNumeric:
      return number_of(value.val.numeric);
    case jbvString:
      return Json(std::string_view(value.val.string.val, static_cast<size_t>(value.val.string.len)));
    case jbvBinary:
      return JsonbReader(value.val.binary.data).read();
    default:
      return Json();
  }
}

template <class T>
std::vector<T> elements_of(Datum array, Oid element, int16 length, char alignment) {
  Datum* values = nullptr;
  bool* nulls = nullptr;
  int count = 0;
  guard([&] {
    deconstruct_array(DatumGetArrayTypeP(array), element, length, true, alignment, &values, &nulls, &count);
  });
  std::vector<T> result;
  result.reserve(count);
  for (int i = 0; i < count; ++i)
    if (!nulls[i]) result.push_back(static_cast<T>(values[i]));
  return result;
}

}  // namespace

std::vector<int64_t> bigints_of(Datum array) {
  return elements_of<int64_t>(array, INT8OID, 8, TYPALIGN_DOUBLE);
}

std::vector<int32_t> integers_of(Datum array) {
  return elements_of<int32_t>(array, INT4OID, 4, TYPALIGN_INT);
}

std::vector<std::optional<std::string>> texts_of(Datum array) {
  struct Elements {
    Datum* values;
    bool* nulls;
    int count;
  };
  const auto elements = guard([&] {
    Elements found{};
    deconstruct_array(DatumGetArrayTypeP(array), TEXTOID, -1, false, TYPALIGN_INT, &found.values,
                      &found.nulls, &found.count);
    return found;
  });
  std::vector<std::optional<std::string>> texts;
  for (int i = 0; i < elements.count; ++i)
    texts.push_back(elements.nulls[i] ? std::nullopt
                                      : std::optional(std::string(text_of(elements.values[i]))));
  return texts;
}

Datum to_array(const std::vector<int32_t>& integers) {
  return guard([&] {
    auto* values = static_cast<Datum*>(palloc(integers.size() * sizeof(Datum) + 1));
    for (size_t i = 0; i < integers.size(); ++i) values[i] = Int32GetDatum(integers[i]);
    return PointerGetDatum(
        construct_array(values, static_cast<int>(integers.size()), INT4OID, 4, true, TYPALIGN_INT));
  });
}

Json json_of(Datum jsonb) {
  auto* flat = guard([&] { return DatumGetJsonbP(jsonb); });
  return JsonbReader(&flat->root).read();
}

Json json_at(Datum jsonb, std::span<const std::string> path) {
  auto* flat = guard([&] { return DatumGetJsonbP(jsonb); });
  JsonbContainer* container = &flat->root;
  for (size_t i = 0; i < path.size(); ++i) {
    const std::string& step = path[i];
    JsonbValue* value = nullptr;
    if (JsonContainerIsObject(container)) {
      value = guard([&] {
        return getKeyJsonValueFromContainer(container, step.data(), static_cast<int>(step.size()), nullptr);
      });
    } else if (JsonContainerIsArray(container) && !JsonContainerIsScalar(container)) {
      uint32 index = 0;
      const auto [end, failure] = std::from_chars(step.data(), step.data() + step.size(), index);
      if (failure == std::errc() && end == step.data() + step.size())
        value = guard([&] { return getIthJsonbValueFromContainer(container, index); });
    }
    if (value == nullptr) return {};
    if (i + 1 == path.size()) return json_of_scalar(*value);
    if (value->type != jbvBinary) return {};
    container = value->val.binary.data;
  }
  return json_of(jsonb);
}

Datum to_jsonb(std::string_view json_text) {
  const Datum text = to_cstring(json_text);
  return guard([&] { return DirectFunctionCall1(jsonb_in, text); });
}

namespace {

Numeric numeric_of(const Decimal& number) {
  if (const std::optional<Decimal::Digits> digits = number.digits()) {
    if (digits->scale == 0) return int64_to_numeric(digits->value);
    if (digits->scale <= 18) return int64_div_fast_to_numeric(digits->value, digits->scale);
  }
  char* text = nullptr;
  {
    const std::string digits = number.to_string();
    text = static_cast<char*>(
        MemoryContextAllocExtended(CurrentMemoryContext, digits.size() + 1, MCXT_ALLOC_NO_OOM));
    if (text != nullptr) std::memcpy(text, digits.c_str(), digits.size() + 1);
  }
  if (text == nullptr) ereport(ERROR, (errcode(ERRCODE_OUT_OF_MEMORY), errmsg("out of memory")));
  return DatumGetNumeric(DirectFunctionCall3(numeric_in, CStringGetDatum(text), ObjectIdGetDatum(InvalidOid),
                                             Int32GetDatum(-1)));
}

/// Writes a value as the server's own reader of JSON text would, without the text.
class JsonbWriter {
 public:
  /// Under the guard of the caller: keeps only plain data.
  static Datum write(const Json& value) {
    JsonbParseState* state = nullptr;
    if (value.array() != nullptr || value.object() != nullptr)
      return JsonbPGetDatum(JsonbValueToJsonb(push(&state, value)));
    JsonbValue scalar;
    fill(&scalar, value);
    return JsonbPGetDatum(JsonbValueToJsonb(&scalar));
  }

 private:
  static JsonbValue* push(JsonbParseState** state, const Json& value) {
    check_stack_depth();
    JsonbValue item;
    if (const Json::Array* array = value.array()) {
      pushJsonbValue(state, WJB_BEGIN_ARRAY, nullptr);
      for (const Json& one : *array) push_item(state, WJB_ELEM, one);
      return pushJsonbValue(state, WJB_END_ARRAY, nullptr);
    }
    pushJsonbValue(state, WJB_BEGIN_OBJECT, nullptr);
    for (const Json::Member& member : *value.object()) {
      set_string(&item, member.name);
      pushJsonbValue(state, WJB_KEY, &item);
      push_item(state, WJB_VALUE, member.value);
    }
    return pushJsonbValue(state, WJB_END_OBJECT, nullptr);
  }

  static void push_item(JsonbParseState** state, JsonbIteratorToken token, const Json& value) {
    if (value.array() != nullptr || value.object() != nullptr) {
      (void)push(state, value);
      return;
    }
    JsonbValue item;
    fill(&item, value);
    pushJsonbValue(state, token, &item);
  }

  static void set_string(JsonbValue* item, const std::string& text) {
    if (text.size() > JENTRY_OFFLENMASK)
      ereport(ERROR, (errcode(ERRCODE_PROGRAM_LIMIT_EXCEEDED),
                      errmsg("string too long to represent as jsonb string")));
    item->type = jbvString;
    item->val.string.val = const_cast<char*>(text.data());
    item->val.string.len = static_cast<int>(text.size());
  }

  static void fill(JsonbValue* item, const Json& value) {
    if (const bool* boolean = value.boolean()) {
      item->type = jbvBool;
      item->val.boolean = *boolean;
    } else if (const Decimal* number = value.number()) {
      item->type = jbvNumeric;
      item->val.numeric = numeric_of(*number);
    } else if (const std::string* string = value.string()) {
      set_string(item, *string);
    } else {
      item->type = jbvNull;
    }
  }
};

}  // namespace

Datum to_jsonb(const Json& value) {
  return guard([&] { return JsonbWriter::write(value); });
}

Micros micros_of(const Interval* interval, const char* what) {
  if (interval->month != 0)
    throw Error(Category::BadValue, std::string(what) + " must not contain months or years",
                "Their length varies.", "Give it in days, for example interval '30 days'.");
  Micros total = 0;
  if (__builtin_mul_overflow(static_cast<Micros>(interval->day), kDay, &total) ||
      __builtin_add_overflow(total, interval->time, &total))
    throw Error(Category::OutOfRange, std::string(what) + " is too long");
  return total;
}

RowSink::RowSink(FunctionCallInfo fcinfo) : result_(reinterpret_cast<ReturnSetInfo*>(fcinfo->resultinfo)) {
  guard([&] {
    // SETOF a plain type has a row type only in what the caller expects.
    const bool is_row = get_call_result_type(fcinfo, nullptr, nullptr) != TYPEFUNC_SCALAR;
    InitMaterializedSRF(fcinfo, is_row ? 0 : MAT_SRF_USE_EXPECTED_DESC);
  });
}

void RowSink::add(std::span<const std::optional<Datum>> values) {
  constexpr size_t kMostColumns = 32;
  std::array<Datum, kMostColumns> datums{};
  std::array<bool, kMostColumns> nulls{};
  if (values.size() > kMostColumns || static_cast<int>(values.size()) != result_->setDesc->natts)
    throw Error(Category::Internal, "row of a set has the wrong number of columns");
  for (size_t i = 0; i < values.size(); ++i) {
    datums[i] = values[i].value_or(0);
    nulls[i] = !values[i].has_value();
  }
  guard([&] { tuplestore_putvalues(result_->setResult, result_->setDesc, datums.data(), nulls.data()); });
}

}  // namespace cdp::pg
