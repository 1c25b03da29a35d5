-- The bandit learns: three creatives of true click rates .02, .05 and .10, 5,000 answers in batches of 100, each batch's
-- impressions and clicks taken before the next. Prints for each of 20 seeds the share of the best creative among the last
-- 1,000 answers; more than .8 is asked for. In a fresh database: psql -Xf test/bench/bandit.sql
SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS cdp;
INSERT INTO cdp.content_type (name) VALUES ('bandit');
INSERT INTO cdp.placement (name, content_type) VALUES ('bandit', 'bandit');
INSERT INTO cdp.creative (name, content_type, content)
    VALUES ('rate .02', 'bandit', '{"rate": 0.02}'), ('rate .05', 'bandit', '{"rate": 0.05}'), ('rate .10', 'bandit', '{"rate": 0.10}');
CREATE TEMP TABLE bandit_run (seed integer, best_of_last_1000 integer);
CREATE TEMP TABLE bandit_answer (creative text, rate double precision, decision_id bigint);

DO $$
DECLARE
    best integer;
BEGIN
    FOR seed IN 1..20 LOOP
        DELETE FROM cdp.creative_count WHERE placement = 'bandit';
        COMMIT;
        PERFORM set_config('cdp.seed', seed::text, false), setseed(seed / 100.0);
        best := 0;
        FOR batch IN 1..50 LOOP
            TRUNCATE bandit_answer;
            INSERT INTO bandit_answer
                SELECT r.creative, (r.content ->> 'rate')::double precision, r.decision_id
                FROM generate_series(1, 100) n, cdp_rank('bandit', 'visitor ' || seed || '.' || batch || '.' || n) r;
            -- The event's user is the visitor who was answered.
            PERFORM cdp_track(d.user_id, 'impression', jsonb_build_object('decision_id', decision_id)),
                    CASE WHEN random() < a.rate
                         THEN cdp_track(d.user_id, 'click', jsonb_build_object('decision_id', decision_id)) END
                FROM bandit_answer a JOIN cdp.decision d USING (decision_id);
            COMMIT;
            PERFORM cdp_process();
            COMMIT;
            IF batch > 40 THEN best := best + (SELECT count(*) FROM bandit_answer WHERE creative = 'rate .10'); END IF;
        END LOOP;
        INSERT INTO bandit_run VALUES (seed, best);
        COMMIT;
    END LOOP;
END $$;
TABLE bandit_run ORDER BY seed;
SELECT count(*) FILTER (WHERE best_of_last_1000 > 800) AS passed, count(*) AS runs FROM bandit_run;
