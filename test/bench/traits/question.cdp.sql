SELECT cdp_count('(age = 30 and interests contains ''IT'') or (age = 40 and last_week_visited)')
