SELECT b.kind AS "user", b.user_id, creative AS banner,
       CASE WHEN b.is_eligible THEN to_char(100 * b.propensity, 'FM990.0 %') ELSE b.reason END AS before,
       a.impressions, a.clicks,
       CASE WHEN a.is_eligible THEN to_char(100 * a.propensity, 'FM990.0 %') ELSE a.reason END AS after
FROM demo.ranked AS b JOIN demo.ranked AS a USING (user_id, creative)
WHERE a.is_after AND NOT b.is_after
ORDER BY b.kind, creative;
\echo 'What the application asks: SELECT … FROM cdp_rank(''home_banner'', user)'
SELECT visitor.user_id AS "user", r.position, r.creative, r.content, round(r.propensity::numeric, 3) AS propensity
FROM demo.visitor, cdp_rank('home_banner', user_id, max_results => 3) AS r
ORDER BY visitor.kind, r.position;
