SELECT player_id, player_name, team,
FROM raw_rosters
WHERE game_date = @game_date
ORDER BY team, player_id
