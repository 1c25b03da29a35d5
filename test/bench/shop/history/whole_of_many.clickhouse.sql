SELECT count(), sum(price) FROM events WHERE user_no = 1
