/* What CRoaring alone needs for the same work, and the values to do it on. Functions that measure leave their time to
 * bench_seconds(), so that what comes before (detoasting, filling an array) does not count. */
#include "postgres.h"

#include "fmgr.h"
#include "lib/stringinfo.h"
#include "portability/instr_time.h"
#include "utils/builtins.h"
#include "utils/memutils.h"

#include <roaring/roaring.h>

PG_MODULE_MAGIC;

static double measured = 0;
static instr_time started;

static void
start(void)
{
	INSTR_TIME_SET_CURRENT(started);
}

static void
stop(int times)
{
	instr_time	now;

	INSTR_TIME_SET_CURRENT(now);
	INSTR_TIME_SUBTRACT(now, started);
	measured = INSTR_TIME_GET_DOUBLE(now) / times;
}

/* What the last function measured, once; 0 if it measured nothing. */
PG_FUNCTION_INFO_V1(bench_seconds);
Datum
bench_seconds(PG_FUNCTION_ARGS)
{
	double		seconds = measured;

	measured = 0;
	PG_RETURN_FLOAT8(seconds);
}

/* ---- Values ---- */

static uint64
next_random(uint64 *state)
{
	uint64		z = (*state += UINT64CONST(0x9e3779b97f4a7c15)); /* splitmix64 */

	z = (z ^ (z >> 30)) * UINT64CONST(0xbf58476d1ce4e5b9);
	z = (z ^ (z >> 27)) * UINT64CONST(0x94d049bb133111eb);
	return z ^ (z >> 31);
}

static bytea *
bytes_of(roaring_bitmap_t *set)
{
	size_t		size;
	bytea	   *bytes;

	roaring_bitmap_run_optimize(set);
	size = roaring_bitmap_portable_size_in_bytes(set);
	bytes = palloc(VARHDRSZ + size);
	SET_VARSIZE(bytes, VARHDRSZ + size);
	roaring_bitmap_portable_serialize(set, VARDATA(bytes));
	roaring_bitmap_free(set);
	return bytes;
}

/* bench_random(count, below, length, seed): that many runs of the length at random places. */
PG_FUNCTION_INFO_V1(bench_random);
Datum
bench_random(PG_FUNCTION_ARGS)
{
	int64		count = PG_GETARG_INT64(0);
	uint64		below = PG_GETARG_INT64(1);
	int64		length = PG_GETARG_INT64(2);
	uint64		state = PG_GETARG_INT64(3);
	roaring_bitmap_t *set = roaring_bitmap_create();

	for (int64 i = 0; i < count; ++i)
	{
		uint64		first = next_random(&state) % below;

		if (length == 1)
			roaring_bitmap_add(set, first);
		else
			roaring_bitmap_add_range(set, first, first + length);
	}
	PG_RETURN_BYTEA_P(bytes_of(set));
}

/* The size of a value, all of it read. */
PG_FUNCTION_INFO_V1(bench_detoast);
Datum
bench_detoast(PG_FUNCTION_ARGS)
{
	struct varlena *value = PG_DETOAST_DATUM_COPY(PG_GETARG_DATUM(0));
	int64		size = VARSIZE(value);

	pfree(value);
	PG_RETURN_INT64(size);
}

/* ---- Two sets ---- */

/* bench_pair(what, a, b, times): opens views of both in place and asks for the size of their intersection or union. */
PG_FUNCTION_INFO_V1(bench_pair);
Datum
bench_pair(PG_FUNCTION_ARGS)
{
	bool		is_and = strcmp(text_to_cstring(PG_GETARG_TEXT_PP(0)), "and") == 0;
	const char *a = VARDATA(PG_DETOAST_DATUM(PG_GETARG_DATUM(1)));
	const char *b = VARDATA(PG_DETOAST_DATUM(PG_GETARG_DATUM(2)));
	int			times = PG_GETARG_INT32(3);
	uint64		result = 0;

	start();
	for (int i = 0; i < times; ++i)
	{
		roaring_bitmap_t *x = roaring_bitmap_portable_deserialize_frozen(a);
		roaring_bitmap_t *y = roaring_bitmap_portable_deserialize_frozen(b);

		result = is_and ? roaring_bitmap_and_cardinality(x, y) : roaring_bitmap_or_cardinality(x, y);
		roaring_bitmap_free(x);
		roaring_bitmap_free(y);
	}
	stop(times);
	PG_RETURN_INT64(result);
}

/* bench_call(function, a, b, times): calls the function with both values in memory. */
PG_FUNCTION_INFO_V1(bench_call);
Datum
bench_call(PG_FUNCTION_ARGS)
{
	Datum		a = PointerGetDatum(PG_DETOAST_DATUM(PG_GETARG_DATUM(1)));
	Datum		b = PointerGetDatum(PG_DETOAST_DATUM(PG_GETARG_DATUM(2)));
	int			times = PG_GETARG_INT32(3);
	MemoryContext context = AllocSetContextCreate(CurrentMemoryContext, "bench", ALLOCSET_DEFAULT_SIZES);
	MemoryContext before;
	FmgrInfo	function;
	int64		result = 0;

	fmgr_info(PG_GETARG_OID(0), &function);
	before = MemoryContextSwitchTo(context);
	start();
	for (int i = 0; i < times; ++i)
	{
		result = DatumGetInt64(FunctionCall2(&function, a, b));
		MemoryContextReset(context);
	}
	stop(times);
	MemoryContextSwitchTo(before);
	PG_RETURN_INT64(result);
}

/* ---- Many sets ---- */

typedef struct Taken
{
	const char *bytes;
	size_t		size;
} Taken;

static MemoryContext taken_context = NULL;
static Taken *taken = NULL;
static int	taken_count = 0;

/* Forgets what was taken. */
PG_FUNCTION_INFO_V1(bench_forget);
Datum
bench_forget(PG_FUNCTION_ARGS)
{
	if (taken_context == NULL)
		taken_context = AllocSetContextCreate(TopMemoryContext, "bench values", ALLOCSET_DEFAULT_SIZES);
	MemoryContextReset(taken_context);
	taken = MemoryContextAlloc(taken_context, sizeof(Taken) * 1000000);
	taken_count = 0;
	PG_RETURN_VOID();
}

/* Keeps a value in memory, for bench_union. */
PG_FUNCTION_INFO_V1(bench_take);
Datum
bench_take(PG_FUNCTION_ARGS)
{
	MemoryContext before = MemoryContextSwitchTo(taken_context);
	struct varlena *value = PG_DETOAST_DATUM_COPY(PG_GETARG_DATUM(0));

	MemoryContextSwitchTo(before);
	if (taken_count == 1000000)
		elog(ERROR, "too many values");
	taken[taken_count].bytes = VARDATA(value);
	taken[taken_count++].size = VARSIZE(value) - VARHDRSZ;
	PG_RETURN_BOOL(true);
}

static roaring_bitmap_t *
open_taken(int i)
{
	roaring_bitmap_t *set = roaring_bitmap_portable_deserialize_safe(taken[i].bytes, taken[i].size);

	if (set == NULL)
		elog(ERROR, "value %d is no bitmap", i);
	return set;
}

/* bench_union(how): the size of the union of what was taken: inplace, lazy, many or heap. */
PG_FUNCTION_INFO_V1(bench_union);
Datum
bench_union(PG_FUNCTION_ARGS)
{
	char	   *how = text_to_cstring(PG_GETARG_TEXT_PP(0));
	roaring_bitmap_t *result;
	uint64		size;

	start();
	if (strcmp(how, "inplace") == 0 || strcmp(how, "lazy") == 0)
	{
		bool		is_lazy = strcmp(how, "lazy") == 0;

		result = open_taken(0);
		for (int i = 1; i < taken_count; ++i)
		{
			roaring_bitmap_t *set = open_taken(i);

			if (is_lazy)
				roaring_bitmap_lazy_or_inplace(result, set, false);
			else
				roaring_bitmap_or_inplace(result, set);
			roaring_bitmap_free(set);
		}
		if (is_lazy)
			roaring_bitmap_repair_after_lazy(result);
	}
	else
	{
		roaring_bitmap_t **sets = palloc(sizeof(roaring_bitmap_t *) * taken_count);

		for (int i = 0; i < taken_count; ++i)
			sets[i] = open_taken(i);
		if (strcmp(how, "many") == 0)
			result = roaring_bitmap_or_many(taken_count, (const roaring_bitmap_t **) sets);
		else
			result = roaring_bitmap_or_many_heap(taken_count, (const roaring_bitmap_t **) sets);
		for (int i = 0; i < taken_count; ++i)
			roaring_bitmap_free(sets[i]);
		pfree(sets);
	}
	size = roaring_bitmap_get_cardinality(result);
	roaring_bitmap_free(result);
	stop(1);
	PG_RETURN_INT64(size);
}

/* ---- Adding ---- */

/* bench_adds(count, factor, modulus, in_bulk): adds i * factor % modulus for i of 1 … count, one after the other. */
PG_FUNCTION_INFO_V1(bench_adds);
Datum
bench_adds(PG_FUNCTION_ARGS)
{
	int64		count = PG_GETARG_INT64(0);
	uint64		factor = PG_GETARG_INT64(1);
	uint64		modulus = PG_GETARG_INT64(2);
	bool		in_bulk = PG_GETARG_BOOL(3);
	uint32	   *elements = MemoryContextAllocHuge(CurrentMemoryContext, sizeof(uint32) * count);
	roaring_bulk_context_t context = {0};
	roaring_bitmap_t *set;
	uint64		size;

	for (int64 i = 0; i < count; ++i)
		elements[i] = (i + 1) * factor % modulus;
	start();
	set = roaring_bitmap_create();
	if (in_bulk)
		for (int64 i = 0; i < count; ++i)
			roaring_bitmap_add_bulk(set, &context, elements[i]);
	else
		for (int64 i = 0; i < count; ++i)
			roaring_bitmap_add(set, elements[i]);
	size = roaring_bitmap_get_cardinality(set);
	roaring_bitmap_free(set);
	stop(1);
	pfree(elements);
	PG_RETURN_INT64(size);
}

/* ---- An aggregate of nothing but those calls ---- */

typedef struct Building
{
	roaring_bitmap_t *set;
	roaring_bulk_context_t context;
	bool		in_bulk;
} Building;

/* bench_build_trans(state, element, in_bulk): as rb_build_agg would be if its transition only called CRoaring. */
PG_FUNCTION_INFO_V1(bench_build_trans);
Datum
bench_build_trans(PG_FUNCTION_ARGS)
{
	Building   *building;

	if (PG_ARGISNULL(0))
	{
		MemoryContext context;

		if (!AggCheckCallContext(fcinfo, &context))
			elog(ERROR, "not called as an aggregate");
		building = MemoryContextAllocZero(context, sizeof(Building));
		building->set = roaring_bitmap_create();
		building->in_bulk = PG_GETARG_BOOL(2);
	}
	else
		building = (Building *) PG_GETARG_POINTER(0);
	if (!PG_ARGISNULL(1))
	{
		if (building->in_bulk)
			roaring_bitmap_add_bulk(building->set, &building->context, PG_GETARG_INT32(1));
		else
			roaring_bitmap_add(building->set, PG_GETARG_INT32(1));
	}
	PG_RETURN_POINTER(building);
}

/* How many elements were added; ends the state. */
PG_FUNCTION_INFO_V1(bench_build_final);
Datum
bench_build_final(PG_FUNCTION_ARGS)
{
	Building   *building = (Building *) PG_GETARG_POINTER(0);
	uint64		size = roaring_bitmap_get_cardinality(building->set);

	roaring_bitmap_free(building->set);
	building->set = NULL;
	PG_RETURN_INT64(size);
}
