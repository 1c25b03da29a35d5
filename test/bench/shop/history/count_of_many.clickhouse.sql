SELECT countIf(event = 'page_view' AND ts > toDateTime64('2025-03-01', 3, 'UTC') - INTERVAL 30 DAY) FROM events WHERE user_no = 1
