SELECT MIN(game_date) AS first_date
FROM raw_schedule
WHERE game_date BETWEEN @first_day AND @last_day
  AND season = @season
  AND season_type = 'regular'
  AND status != 'postponed'
  AND source = @source
