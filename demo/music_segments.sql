INSERT INTO cdp.segment (name, rule, description) VALUES
    ('repeat_buyers', 'count(purchase) >= 2', 'came back'),
    ('active_buyers', 'count(purchase in last 90 days) >= 2', 'twice in a quarter'),
    ('big_spenders', 'sum(purchase.dollars) >= 500', 'worth a banner of their own'),
    ('lapsed_regulars', 'count(purchase) >= 10 and not did(purchase in last 30 days)', 'bought a lot and stopped');
