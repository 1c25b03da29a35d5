-- cdp_funnel is an aggregate over any table: here over each user's events, giving the deepest step reached.
CREATE TEMPORARY TABLE depth AS
    SELECT deepest, count(*) AS users
    FROM (SELECT cdp_funnel(ts, :'within', :steps) AS deepest FROM cdp.event GROUP BY user_no) AS each_user
    GROUP BY deepest;
WITH step AS (
    SELECT number, name, (SELECT coalesce(sum(users), 0) FROM depth WHERE deepest >= number) AS users
    FROM unnest(ARRAY[:names]) WITH ORDINALITY AS steps (name, number)
)
SELECT number AS step, name AS event, to_char(users, 'FM999,999,999') AS users,
       to_char(100.0 * users / nullif(first_value(users) OVER (ORDER BY number), 0), 'FM990.0 %') AS "of the first",
       repeat('█', ceil(40.0 * users / nullif(first_value(users) OVER (ORDER BY number), 0))::integer) AS " "
FROM step ORDER BY number;
SELECT string_agg(coalesce(users, 0)::text, ' / ' ORDER BY number) AS "users whose deepest step is none / 1 / 2 / …"
FROM generate_series(0, cardinality(ARRAY[:names])) AS number LEFT JOIN depth ON deepest = number;
