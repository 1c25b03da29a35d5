WITH marked AS (
    SELECT user_no, ts, event, price, max(ts) FILTER (WHERE event = 'page_view') OVER earlier AS start
    FROM shop_event WHERE event IN ('page_view', 'add_to_cart', 'purchase')
    WINDOW earlier AS (PARTITION BY user_no ORDER BY ts)),
carried AS (
    SELECT user_no, ts, event, price, start,
           max(start) FILTER (WHERE event = 'add_to_cart' AND ts <= start + interval '24 hours') OVER earlier AS carted
    FROM marked
    WINDOW earlier AS (PARTITION BY user_no ORDER BY ts)),
deepest AS (
    SELECT user_no, max(CASE WHEN event = 'purchase' AND price > 100 AND ts <= carted + interval '24 hours' THEN 3
                             WHEN event = 'add_to_cart' AND ts <= start + interval '24 hours' THEN 2
                             WHEN event = 'page_view' THEN 1 END) AS depth
    FROM carried GROUP BY user_no)
SELECT count(*) FILTER (WHERE depth >= 1), count(*) FILTER (WHERE depth >= 2), count(*) FILTER (WHERE depth >= 3) FROM deepest
