-- Bytes of: times, names and session starts; all other of the events; everything with row headers, index and TOAST; the index. Rows.
SELECT sum(pg_column_size(timeline)), sum(pg_column_size(properties)), pg_total_relation_size('cdp.timeline'), pg_indexes_size('cdp.timeline'),
       count(*)
FROM cdp.timeline
