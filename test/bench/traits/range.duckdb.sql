SELECT count(*) FROM profile WHERE age BETWEEN 25 AND 60 AND NOT country LIKE 'U%' AND list_contains(interests, 'art')
