-- Commits an event of somebody new, and looks every millisecond whether that is in its segment.
CREATE UNLOGGED TABLE IF NOT EXISTS measured (ms float8);
TRUNCATE measured;
CREATE OR REPLACE PROCEDURE probe(probe text, seconds float8) LANGUAGE plpgsql AS $$
DECLARE
    until timestamptz := clock_timestamp() + seconds * interval '1 second';
    who text;
    committed timestamptz;
BEGIN
    FOR n IN 1 .. 1000000 LOOP
        EXIT WHEN clock_timestamp() > until;
        who := format('%s %s %s', probe, until, n);
        PERFORM cdp_track(who, 'probe', '{"price": 1.5}', now(), who);
        COMMIT;
        committed := clock_timestamp();
        WHILE NOT cdp_in_segment(who, 'probed') LOOP
            PERFORM pg_sleep(0.001);
        END LOOP;
        INSERT INTO measured VALUES (extract(epoch FROM clock_timestamp() - committed) * 1000);
        COMMIT;
        PERFORM pg_sleep(random() * 0.05);
    END LOOP;
END $$;
