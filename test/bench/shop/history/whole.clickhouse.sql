SELECT count(), sum(price) FROM one WHERE user_no = 1
