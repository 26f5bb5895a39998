-- The date's games. One that was predicted for it and has been moved to another date since is postponed.
SELECT
  raw_schedule.game_id,
  raw_schedule.away,
  raw_schedule.home,
  raw_schedule.tip_off,
  CASE
    WHEN raw_schedule.game_date != @game_date THEN 'postponed'
    WHEN raw_schedule.status = 'postponed' OR raw_scoreboard.status = 'postponed' THEN 'postponed'
    WHEN raw_schedule.status = 'final' OR raw_scoreboard.status = 'final' THEN 'final'
    ELSE COALESCE(raw_scoreboard.status, raw_schedule.status)
  END AS game_status,
  raw_scoreboard.status_text,
  raw_scoreboard.away_points,
  raw_scoreboard.home_points,
  (
    SELECT COUNT(DISTINCT box.team) FROM raw_player_boxscores AS box
    WHERE box.game_date = @game_date AND box.game_id = raw_schedule.game_id
  ) AS teams_in_box,
FROM raw_schedule
LEFT JOIN raw_scoreboard
  ON raw_scoreboard.game_date = @game_date AND raw_scoreboard.game_id = raw_schedule.game_id
WHERE raw_schedule.game_date = @game_date
  OR raw_schedule.game_id IN (SELECT game_id FROM predictions WHERE game_date = @game_date)
ORDER BY raw_schedule.tip_off, raw_schedule.game_id
