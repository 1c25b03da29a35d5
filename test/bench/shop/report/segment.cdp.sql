SELECT cdp_count('country = ''US'' and count(page_view in last 30 days) >= 10 and not did(purchase in last 7 days)', '2025-03-01 UTC')
