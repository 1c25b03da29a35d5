SELECT event, count(DISTINCT user_no) FROM shop_event GROUP BY event ORDER BY event COLLATE "C"
