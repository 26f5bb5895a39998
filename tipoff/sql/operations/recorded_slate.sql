SELECT game_id, away, home, tip_off,
FROM raw_schedule
WHERE game_date = @game_date AND status != 'postponed' AND season_type IN UNNEST(@season_types)
ORDER BY tip_off NULLS LAST, game_id
