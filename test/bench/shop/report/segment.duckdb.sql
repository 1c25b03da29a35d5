SELECT count(*)
FROM (SELECT user_no
      FROM events
      WHERE country = 'US' AND event IN ('page_view', 'purchase') AND ts > TIMESTAMP '2025-03-01' - INTERVAL 30 DAY
      GROUP BY user_no
      HAVING count(*) FILTER (WHERE event = 'page_view') >= 10
         AND count(*) FILTER (WHERE event = 'purchase' AND ts > TIMESTAMP '2025-03-01' - INTERVAL 7 DAY) = 0)
