SELECT (SELECT to_char(count(*), 'FM999,999,999') FROM cdp.profile) AS profiles,
       to_char(count(*), 'FM999,999,999') AS events,
       to_char(min(ts) AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI') AS first,
       to_char(max(ts) AT TIME ZONE 'UTC', 'YYYY-MM-DD HH24:MI') AS last
FROM cdp.event;
\if :{?amount}
\set heading 'sum of ' :amount
SELECT event, to_char(count(*), 'FM999,999,999') AS events, to_char(count(DISTINCT user_no), 'FM999,999,999') AS users,
       coalesce(to_char(sum((properties->>:'amount')::numeric), 'FM999,999,999.00'), '') AS :"heading"
FROM cdp.event GROUP BY event ORDER BY count(*) DESC, event LIMIT 20;
\else
SELECT event, to_char(count(*), 'FM999,999,999') AS events, to_char(count(DISTINCT user_no), 'FM999,999,999') AS users
FROM cdp.event GROUP BY event ORDER BY count(*) DESC, event LIMIT 20;
\endif
