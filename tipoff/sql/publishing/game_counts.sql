-- A postponed game counts on no date; it counts on its new one as soon as the schedule has that.
SELECT
  game_date,
  COUNT(*) AS games,
  COUNTIF(status = 'final') AS final,
FROM raw_schedule
WHERE game_date BETWEEN @first_date AND @last_date
  AND season = @season
  AND season_type IN UNNEST(@season_types)
  AND status != 'postponed'
GROUP BY game_date
ORDER BY game_date
