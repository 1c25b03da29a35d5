-- Another extension's type of the same name (pg_roaringbitmap, for one) stands in the way: say so, and how to go on.
DO $$
DECLARE
    other record;
BEGIN
    SELECT t.typname, e.extname INTO other
    FROM pg_catalog.pg_type AS t
    LEFT JOIN pg_catalog.pg_depend AS d
        ON d.classid = 'pg_catalog.pg_type'::regclass AND d.objid = t.oid AND d.deptype = 'e'
    LEFT JOIN pg_catalog.pg_extension AS e ON e.oid = d.refobjid
    WHERE t.typnamespace = '@extschema@'::regnamespace AND t.typname IN ('roaringbitmap', 'roaringbitmap64')
    ORDER BY t.typname LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION USING
            ERRCODE = 'duplicate_object',
            MESSAGE = CASE WHEN other.extname IS NULL THEN pg_catalog.format('schema %s', '@extschema@')
                           ELSE pg_catalog.format('extension %I in schema %s', other.extname, '@extschema@') END
                      || pg_catalog.format(' already has a type %I, which cdp brings too', other.typname),
            HINT = 'Give cdp a schema of its own: CREATE SCHEMA x; CREATE EXTENSION cdp SCHEMA x; columns move to its type by '
                   'ALTER TABLE t ALTER COLUMN c TYPE x.roaringbitmap USING c::bytea::x.roaringbitmap.';
    END IF;
END $$;
