-- The rule's value says how many there are.
SELECT cdp_explain('user-1', 'count(page_view in last 30 days) >= 1', '2025-03-01 UTC') -> 'value'
