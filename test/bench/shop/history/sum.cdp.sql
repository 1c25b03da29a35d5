SELECT cdp_explain('user-1', 'sum(purchase.price in last 30 days) >= 1', '2025-03-01 UTC') -> 'value'
