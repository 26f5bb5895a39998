SELECT
  box.game_id,
  box.player_id,
  box.minutes,
  box.points AS actual_points,
  player_game_summary.closing_line,
FROM raw_player_boxscores AS box
LEFT JOIN player_game_summary
  ON player_game_summary.game_date = box.game_date
  AND player_game_summary.game_id = box.game_id
  AND player_game_summary.player_id = box.player_id
WHERE box.game_date = @game_date
