SELECT cdp_count('age between 25 and 60 and not country like ''U%'' and interests contains ''art''')
