SELECT DISTINCT season,
FROM raw_schedule
WHERE game_date BETWEEN @first_day AND @last_day
ORDER BY season
