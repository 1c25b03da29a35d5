SELECT count(*), sum((properties ->> 'price')::numeric) FROM cdp.event WHERE user_id = 'user-1'
