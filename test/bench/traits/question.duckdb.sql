SELECT count(*) FROM profile WHERE (age = 30 AND list_contains(interests, 'IT')) OR (age = 40 AND last_week_visited)
