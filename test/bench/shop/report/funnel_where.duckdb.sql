WITH carted AS (
    SELECT c.user_no, c.ts, v.ts AS start
    FROM (SELECT user_no, ts FROM events WHERE event = 'add_to_cart') AS c
    ASOF JOIN (SELECT user_no, ts FROM events WHERE event = 'page_view') AS v ON v.user_no = c.user_no AND v.ts <= c.ts
    WHERE c.ts <= v.ts + INTERVAL 1 DAY),
bought AS (
    SELECT p.user_no
    FROM (SELECT user_no, ts FROM events WHERE event = 'purchase' AND price > 100) AS p
    ASOF JOIN carted AS c ON c.user_no = p.user_no AND c.ts <= p.ts
    WHERE p.ts <= c.start + INTERVAL 1 DAY)
SELECT (SELECT count(DISTINCT user_no) FROM events WHERE event = 'page_view'),
       (SELECT count(DISTINCT user_no) FROM carted),
       (SELECT count(DISTINCT user_no) FROM bought)
