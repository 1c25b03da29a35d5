/* The type and the setting of another roaring bitmap extension. It takes any bytes for a bitmap, and exports nothing
 * of CRoaring. */
#include "postgres.h"

#include "fmgr.h"
#include "utils/builtins.h"
#include "utils/guc.h"

PG_MODULE_MAGIC;

PGDLLEXPORT void _PG_init(void);

static int output_format = 1;

static const struct config_enum_entry output_formats[] = {{"array", 0, false}, {"bytea", 1, false}, {NULL, 0, false}};

void
_PG_init(void)
{
	DefineCustomEnumVariable("roaringbitmap.output_format", "Selects output format of roaringbitmap.", NULL,
							 &output_format, 1, output_formats, PGC_USERSET, 0, NULL, NULL, NULL);
}

PG_FUNCTION_INFO_V1(roaringbitmap_in);
Datum
roaringbitmap_in(PG_FUNCTION_ARGS)
{
	return DirectFunctionCall1(byteain, PG_GETARG_DATUM(0));
}

PG_FUNCTION_INFO_V1(roaringbitmap_out);
Datum
roaringbitmap_out(PG_FUNCTION_ARGS)
{
	return DirectFunctionCall1(byteaout, PG_GETARG_DATUM(0));
}
