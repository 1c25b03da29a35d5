-- Four segments that make sense for any events; the first is about the most frequent of them.
INSERT INTO cdp.segment (name, rule, description)
SELECT 'repeated', format('count("%s") >= 2', replace(event, '"', '""'))::cdp_rule, 'did the most frequent thing more than once'
FROM cdp.event GROUP BY event ORDER BY count(*) DESC, event LIMIT 1;
INSERT INTO cdp.segment (name, rule, description) VALUES
    ('active', 'did(any in last 7 days)', 'seen in a week'),
    ('busy', 'count(any) >= 10', 'ten events and more'),
    ('seldom', 'count(any) <= 3', 'worth a banner of their own');
