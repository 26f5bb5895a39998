SELECT game_id, away, home, tip_off
FROM raw_schedule
WHERE game_date BETWEEN @first_date AND @last_date
  AND (game_date = @game_date OR status = 'postponed')
ORDER BY tip_off NULLS LAST, game_id
