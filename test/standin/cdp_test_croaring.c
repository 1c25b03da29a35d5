/* Exports functions of CRoaring's names, as a module does that has CRoaring compiled into it. They compute wrongly, so
 * that a call that reaches them is seen. */
#include "postgres.h"

#include "fmgr.h"

PG_MODULE_MAGIC;

PGDLLEXPORT void *roaring_bitmap_create_with_capacity(uint32 capacity);
PGDLLEXPORT void roaring_bitmap_add_many(void *set, size_t count, const uint32 *elements);
PGDLLEXPORT void roaring_bitmap_or_inplace(void *set, const void *other);
PGDLLEXPORT uint64 roaring_bitmap_get_cardinality(const void *set);
PGDLLEXPORT bool roaring_bitmap_equals(const void *a, const void *b);
PGDLLEXPORT uint64 roaring_bitmap_and_cardinality(const void *a, const void *b);
PGDLLEXPORT void *roaring_malloc(size_t size);
PGDLLEXPORT void roaring_free(void *memory);

static char nothing[4096];

void *roaring_bitmap_create_with_capacity(uint32 capacity) { return nothing; }
void roaring_bitmap_add_many(void *set, size_t count, const uint32 *elements) {}
void roaring_bitmap_or_inplace(void *set, const void *other) {}
uint64 roaring_bitmap_get_cardinality(const void *set) { return 4711; }
bool roaring_bitmap_equals(const void *a, const void *b) { return true; }
uint64 roaring_bitmap_and_cardinality(const void *a, const void *b) { return 4711; }
void *roaring_malloc(size_t size) { return nothing; }
void roaring_free(void *memory) {}
