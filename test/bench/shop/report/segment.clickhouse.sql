SELECT count()
FROM (SELECT user_no
      FROM events
      WHERE country = 'US' AND event IN ('page_view', 'purchase') AND ts > toDateTime64('2025-03-01', 3, 'UTC') - INTERVAL 30 DAY
      GROUP BY user_no
      HAVING countIf(event = 'page_view') >= 10
         AND countIf(event = 'purchase' AND ts > toDateTime64('2025-03-01', 3, 'UTC') - INTERVAL 7 DAY) = 0)
