SELECT event, count(DISTINCT user_no) FROM events GROUP BY event ORDER BY event
