-- :segments rules of ten kinds over 100 event names.
INSERT INTO cdp.segment (name, rule)
SELECT 's' || n, format((ARRAY[
        'count(%1$s in last 7 days) >= 3',
        'did(%1$s in last 30 days)',
        'did(%1$s) and not did(%1$s in last 14 days)',
        'count(%1$s) >= 2',
        'sum(%1$s.price in last 30 days) >= 100',
        'country = ''US'' and did(%1$s in last 3 days)',
        'last(%1$s) more than 10 days ago',
        'abandoned(%1$s, %2$s within 1 hour in last 7 days)',
        'days(%1$s in last 30 days) >= 2',
        'sequence(%1$s, %2$s within 1 day in last 30 days)'])[1 + n / 100 % 10], 'event_' || n % 100, 'event_' || (n + 1) % 100)::cdp_rule
FROM generate_series(0, :segments - 1) AS n;
