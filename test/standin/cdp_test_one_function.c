/* Exports a single function of CRoaring's names, and computes wrongly. */
#include "postgres.h"

#include "fmgr.h"

PG_MODULE_MAGIC;

PGDLLEXPORT uint64 roaring_bitmap_get_cardinality(const void *set);

uint64 roaring_bitmap_get_cardinality(const void *set) { return 4711; }
