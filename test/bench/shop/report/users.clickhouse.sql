SELECT event, groupBitmap(user_no) FROM events GROUP BY event ORDER BY event
