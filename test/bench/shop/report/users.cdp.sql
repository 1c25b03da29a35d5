-- Users by event over the whole range, from the indexes of the packed timelines: no report function answers this.
SELECT n.name, rb_cardinality(rb_build_agg(t.user_no::integer))
FROM cdp.event_name AS n JOIN cdp.timeline AS t ON t.timeline ? n.event_no
GROUP BY n.name ORDER BY n.name COLLATE "C"
