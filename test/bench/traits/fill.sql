-- Profiles with traits that look random: a country of 40, an age, up to three interests of 20, two yes or no. :profiles says how many.
INSERT INTO cdp.profile (user_no, user_id, traits, first_seen, last_seen)
SELECT n, 'u' || n, format('{"country": "%s", "age": %s, "interests": [%s], "last_week_visited": %s, "plan": "%s"}',
    (ARRAY['US', 'DE', 'FR', 'GB', 'NO', 'SE', 'IN', 'BR', 'JP', 'CN'])[1 + h % 10] || CASE WHEN h % 3 = 0 THEN '' ELSE (h / 16 % 4)::text END,
    18 + (h / 64 % 60),
    CASE h / 4096 % 4
        WHEN 0 THEN '' WHEN 1 THEN '"' || topics[1 + h / 16384 % 20] || '"'
        WHEN 2 THEN '"' || topics[1 + h / 16384 % 20] || '", "' || topics[1 + (h / 16384 + 7) % 20] || '"'
        ELSE '"' || topics[1 + h / 16384 % 20] || '", "' || topics[1 + (h / 16384 + 3) % 20] || '", "' || topics[1 + (h / 16384 + 11) % 20] || '"' END,
    CASE WHEN h / 524288 % 3 = 0 THEN 'true' ELSE 'false' END, CASE WHEN h / 1048576 % 5 = 0 THEN 'pro' ELSE 'free' END)::jsonb,
    '2025-01-01', '2025-01-01'
FROM (SELECT n, (hashint8extended(n, 42) & 9007199254740991) AS h, ARRAY['IT', 'art', 'music', 'sports', 'travel', 'food', 'cars', 'books', 'film', 'garden',
    'health', 'history', 'law', 'math', 'nature', 'news', 'politics', 'science', 'shopping', 'theatre'] AS topics
    FROM generate_series(1, :profiles::bigint) AS n) AS user_of;
