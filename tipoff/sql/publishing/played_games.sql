SELECT
  game_date, game_id, season, player_id, player_name, team, opponent, home, starter, minutes, points, fga, fta, usage_rate,
  closing_line,
FROM player_game_summary
WHERE game_date BETWEEN @first_date AND @last_date AND minutes > 0
ORDER BY player_id, game_date DESC, game_id
