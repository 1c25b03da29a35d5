-- Compressed bytes of: user, time and name; price and country; receipt; all columns.
SELECT sumIf(size, name IN ('user_no', 'ts', 'event')), sumIf(size, name IN ('price', 'country')), sumIf(size, name = 'received_at'), sum(size)
FROM (SELECT name, data_compressed_bytes + marks_bytes AS size FROM system.columns WHERE database = currentDatabase() AND table = 'events')
