-- Profiles and events of the loaded data; the impressions and clicks of the demo's own placement are left out.
SELECT to_char(count(*), 'FM999,999,999') AS profiles FROM cdp.profile;
\if :{?amount}
SELECT event, to_char(count(*), 'FM999,999,999') AS events, to_char(count(DISTINCT user_no), 'FM999,999,999') AS users,
       min(ts)::date AS first, max(ts)::date AS last,
       coalesce(to_char(sum((properties->>:'amount')::numeric), 'FM999,999,999.00'), '') AS "sum of :amount"
FROM cdp.event
WHERE properties->>'placement' IS DISTINCT FROM 'home_banner'
GROUP BY event ORDER BY count(*) DESC, event LIMIT 20;
\else
SELECT event, to_char(count(*), 'FM999,999,999') AS events, to_char(count(DISTINCT user_no), 'FM999,999,999') AS users,
       min(ts)::date AS first, max(ts)::date AS last
FROM cdp.event
WHERE properties->>'placement' IS DISTINCT FROM 'home_banner'
GROUP BY event ORDER BY count(*) DESC, event LIMIT 20;
\endif
SELECT to_char(count(*), 'FM999,999,999') AS "events in all"
FROM cdp.event
WHERE properties->>'placement' IS DISTINCT FROM 'home_banner';
