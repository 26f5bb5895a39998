WITH
  -- The league's logs have whole minutes: a player on court for 28 seconds has 0 there, and 0.47 in the gamebook. Without
  -- a gamebook he played if anything is counted of him.
  gamebooks AS (
    SELECT game_id, player_id, MAX(minutes) AS minutes,
    FROM raw_gamebook_players
    WHERE game_date = @game_date AND status = 'played'
    GROUP BY game_id, player_id
  )
SELECT
  box.game_id,
  box.player_id,
  COALESCE(gamebooks.minutes, box.minutes) AS minutes,
  COALESCE(gamebooks.minutes, box.minutes) > 0
    OR box.points + box.fga + box.fta + box.reb + box.ast + box.stl + box.blk + box.tov + box.pf > 0
    OR COALESCE(box.plus_minus, 0) != 0 AS played,
  box.points AS actual_points,
  player_game_summary.closing_line,
  player_game_summary.closing_as_of,
FROM raw_player_boxscores AS box
LEFT JOIN gamebooks
  ON gamebooks.game_id = box.game_id
  AND gamebooks.player_id = box.player_id
LEFT JOIN player_game_summary
  ON player_game_summary.game_date = @game_date
  AND player_game_summary.game_id = box.game_id
  AND player_game_summary.player_id = box.player_id
WHERE box.game_date = @game_date
