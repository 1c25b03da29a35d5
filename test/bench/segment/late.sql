-- Looks thirty times a second how long ago what was recorded last ran out.
CREATE UNLOGGED TABLE IF NOT EXISTS late (ms float8);
TRUNCATE late;
CREATE OR REPLACE PROCEDURE watch() LANGUAGE plpgsql AS $$
DECLARE
    begin_at timestamptz := (SELECT at FROM began);
    ran_out timestamptz;
    latest timestamptz;
    last_no bigint := (SELECT coalesce(max(change_no), 0) FROM cdp.segment_change);
    next_no bigint;
BEGIN
    PERFORM pg_sleep_until(begin_at + interval '1 second');
    WHILE clock_timestamp() < begin_at + interval '59 seconds' LOOP
        -- Only what is new since the last look, so that looking costs the machine little.
        SELECT max(change_no), max(effective_at) FILTER (WHERE segment = 'flipped' AND change = 'exited') INTO next_no, latest
            FROM cdp.segment_change WHERE change_no > last_no;
        last_no := coalesce(next_no, last_no);
        ran_out := coalesce(latest, ran_out);
        INSERT INTO late VALUES (extract(epoch FROM clock_timestamp() - coalesce(ran_out, begin_at)) * 1000);
        COMMIT;
        PERFORM pg_sleep(0.033);
    END LOOP;
END $$;
CALL watch();
SELECT round(p[1]::numeric, 1), round(p[2]::numeric, 1), round(p[3]::numeric, 1) FROM (SELECT percentile_cont(ARRAY[0.5, 0.99, 1]) WITHIN GROUP (ORDER BY ms) AS p FROM late) AS l;
