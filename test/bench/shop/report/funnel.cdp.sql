SELECT string_agg(users::text, ',' ORDER BY step)
FROM cdp_funnel_report(ARRAY['page_view', 'add_to_cart', 'purchase'], '1 day', NULL, NULL)
