SELECT count(*)
FROM (SELECT user_no
      FROM shop_event
      WHERE country = 'US' AND event IN ('page_view', 'purchase') AND ts > timestamp '2025-03-01' - interval '30 days'
      GROUP BY user_no
      HAVING count(*) FILTER (WHERE event = 'page_view') >= 10
         AND count(*) FILTER (WHERE event = 'purchase' AND ts > timestamp '2025-03-01' - interval '7 days') = 0) AS member
