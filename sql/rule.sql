SET client_min_messages = warning;
CREATE EXTENSION IF NOT EXISTS cdp;
RESET client_min_messages;

-- text comes out canonical
SELECT $$ country='US' AND ( age between 25 and 40 or interests contains 'IT' ) -- comment
       and count(page_viewed where url like '/product/%' in last 1 week)>=3.0 $$::cdp_rule;
-- JSON in, text out; text in, JSON out
SELECT '{"and": [{"trait": ["plan"], "op": "in", "value": ["pro", "team"]}, {"not": {"in_segment": "staff"}}]}'::cdp_rule;
SELECT 'sum(purchase.amount in last 90 days) >= 100'::cdp_rule::jsonb;
SELECT '{"did": {"event": "purchase", "last": "30 days"}}'::jsonb::cdp_rule;
SELECT 'abandoned(cart, purchase within 1 hour) and sample(10 percent, ''s'')'::cdp_rule::jsonb::cdp_rule;

-- errors name the position
SELECT 'count(purchase) >= ''x'''::cdp_rule;
SELECT 'plan lkie ''p%'''::cdp_rule;
SELECT 'did(purchase in last 3 months)'::cdp_rule;
SELECT ''::cdp_rule;
SELECT '{"count": {"event": "a"}, "op": ">=", "valeu": 3}'::jsonb::cdp_rule;
SELECT '{"and": [true, '::cdp_rule;
SELECT '"text"'::jsonb::cdp_rule;
SELECT repeat('not ', 32) || 'a' AS text \gset
SELECT :'text'::cdp_rule;

-- equality is that of the canonical text
SELECT 'a=1'::cdp_rule = 'a = 1.0'::cdp_rule AS same, 'a = 1'::cdp_rule <> 'a = 2'::cdp_rule AS different;
SELECT cdp_rule_hash('a=1') = cdp_rule_hash('a = 1.0') AS same_hash,
       cdp_rule_hash_extended('a = 1', 0) & 4294967295 = cdp_rule_hash('a = 1')::bigint & 4294967295 AS low_half;
CREATE TEMPORARY TABLE rules (rule cdp_rule);
INSERT INTO rules VALUES ('a = 1'), ('a=1'), ('did(x)'), (NULL);
INSERT INTO rules SELECT '{"trait": ["b"], "op": "is null"}'::jsonb;
SELECT rule, count(*) FROM rules GROUP BY rule ORDER BY rule::text;

-- the binary form is the text
SELECT cdp_rule_send('a=1');
SELECT length(cdp_rule_send(rule)) = octet_length(rule::text) AS as_text FROM rules WHERE rule IS NOT NULL;
