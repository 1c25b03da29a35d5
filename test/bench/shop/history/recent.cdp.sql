-- Bytes of recent events: with TOAST, and the indexes.
SELECT sum(pg_table_size(name)), sum(pg_indexes_size(name)) FROM unnest(ARRAY['cdp.recent_event_0', 'cdp.recent_event_1']::regclass[]) AS t (name)
