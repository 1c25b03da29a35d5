-- Users by event over the whole range, from the sets of each day.
SELECT event, rb_cardinality(rb_or_agg(users)) FROM cdp.event_day GROUP BY event ORDER BY event COLLATE "C"
