SELECT countIf(depth >= 1), countIf(depth >= 2), countIf(depth >= 3)
FROM (SELECT windowFunnel(86400000)(toUInt64(toUnixTimestamp64Milli(ts)), event = 'page_view', event = 'add_to_cart',
                                    event = 'purchase' AND price > 100) AS depth
      FROM events
      WHERE event IN ('page_view', 'add_to_cart', 'purchase')
      GROUP BY user_no)
