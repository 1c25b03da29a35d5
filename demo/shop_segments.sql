INSERT INTO cdp.segment (name, rule, description) VALUES
    ('buyers', 'did(purchase)', 'bought at all'),
    ('big_spenders', 'sum(purchase.amount) >= 500', 'worth a banner of their own'),
    ('left_cart', 'did(add_to_cart in last 7 days) and not did(purchase in last 7 days)', 'put something in the cart and did not buy'),
    ('lapsed_buyers', 'count(purchase) >= 2 and not did(any in last 30 days)', 'bought more than once and stayed away');
