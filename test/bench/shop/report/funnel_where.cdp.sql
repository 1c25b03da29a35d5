SELECT string_agg(users::text, ',' ORDER BY step)
FROM cdp_funnel_report(ARRAY['page_view', 'add_to_cart', 'purchase where price > 100'], '1 day', NULL, NULL)
