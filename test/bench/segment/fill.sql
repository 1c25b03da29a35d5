-- :events events of :users users in the last 60 days, a quarter million at a time; some users have far more of them than others. A country each.
CREATE PROCEDURE fill(users bigint, events bigint) LANGUAGE plpgsql AS $$
DECLARE
    at_once constant bigint := 250000;
BEGIN
    PERFORM setseed(0.5);
    INSERT INTO cdp.inbox (payload) SELECT format('{"type":"identify","userId":"u%s","traits":{"country":"%s","age":%s}}', n, (ARRAY['US', 'DE', 'GB', 'FR'])[1 + n % 4], 18 + n % 60)
        FROM generate_series(1, users) AS n;
    FOR piece IN 0 .. (events - 1) / at_once LOOP
        INSERT INTO cdp.inbox (payload)
            SELECT format('{"type":"track","userId":"u%s","event":"event_%s","timestamp":"%s","properties":{"price":%s}}', 1 + floor(users * random() ^ 3),
                          floor(100 * random()), to_char(start - 60 * random() * interval '1 day', 'YYYY-MM-DD"T"HH24:MI:SS.MS"Z"'), 1 + floor(100 * random()))
            FROM generate_series(1, least(at_once, events - piece * at_once)), (SELECT now() AT TIME ZONE 'UTC' AS start) AS s;
        COMMIT;
        PERFORM cdp_process();
        COMMIT;
    END LOOP;
END $$;
CALL fill(:users, :events);
DROP PROCEDURE fill;
