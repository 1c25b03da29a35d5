-- Looks thirty times a second how long ago what was recorded last ran out.
CREATE UNLOGGED TABLE IF NOT EXISTS late (ms float8);
TRUNCATE late;
CREATE OR REPLACE PROCEDURE watch() LANGUAGE plpgsql AS $$
DECLARE
    begin_at timestamptz := (SELECT at FROM began);
    ran_out timestamptz;
BEGIN
    PERFORM pg_sleep_until(begin_at + interval '1 second');
    WHILE clock_timestamp() < begin_at + interval '59 seconds' LOOP
        SELECT effective_at INTO ran_out FROM cdp.segment_change WHERE segment = 'flipped' AND change = 'exited' ORDER BY change_no DESC LIMIT 1;
        INSERT INTO late VALUES (extract(epoch FROM clock_timestamp() - coalesce(ran_out, begin_at)) * 1000);
        COMMIT;
        PERFORM pg_sleep(0.033);
    END LOOP;
END $$;
CALL watch();
SELECT round(p[1]::numeric, 1), round(p[2]::numeric, 1), round(p[3]::numeric, 1) FROM (SELECT percentile_cont(ARRAY[0.5, 0.99, 1]) WITHIN GROUP (ORDER BY ms) AS p FROM late) AS l;
