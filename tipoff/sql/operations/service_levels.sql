-- Of each date with a run: the players with a line and those predicted an hour before their tip-off, and the grades.
-- A player whom the last report before that hour rules out needs no prediction. Predictions made after a game do not count.
WITH
  runs AS (
    SELECT game_date, games, backfilled,
    FROM daily_pipeline_runs
    WHERE game_date BETWEEN @first_date AND @last_date
    QUALIFY ROW_NUMBER() OVER (PARTITION BY game_date ORDER BY run DESC) = 1
  ),
  games AS (
    SELECT game_date, game_id, TIMESTAMP_SUB(tip_off, INTERVAL 60 MINUTE) AS due,
    FROM raw_schedule
    WHERE game_date BETWEEN @first_date AND @last_date AND tip_off IS NOT NULL AND status != 'postponed'
  ),
  reports AS (
    SELECT raw_injuries.game_id, raw_injuries.player_id, raw_injuries.status,
    FROM raw_injuries
    JOIN games
      ON games.game_date = raw_injuries.game_date
      AND games.game_id = raw_injuries.game_id
    WHERE raw_injuries.game_date BETWEEN @first_date AND @last_date AND raw_injuries.as_of <= games.due
    QUALIFY raw_injuries.as_of = MAX(raw_injuries.as_of) OVER (PARTITION BY raw_injuries.game_id)
  ),
  ruled_out AS (
    SELECT DISTINCT game_id, player_id,
    FROM reports
    WHERE status IN ('Out', 'Doubtful')
  ),
  predicted AS (
    SELECT DISTINCT predictions.game_id, predictions.player_id,
    FROM predictions
    JOIN games
      ON games.game_date = predictions.game_date
      AND games.game_id = predictions.game_id
    WHERE predictions.game_date BETWEEN @first_date AND @last_date
      AND NOT predictions.backfilled
      AND predictions.as_of <= games.due
  ),
  lined AS (
    SELECT
      player_prop_lines.game_date,
      COUNT(*) AS lined_players,
      COUNTIF(predicted.player_id IS NOT NULL) AS predicted_in_time,
    FROM player_prop_lines
    JOIN games
      ON games.game_date = player_prop_lines.game_date
      AND games.game_id = player_prop_lines.game_id
    LEFT JOIN ruled_out
      ON ruled_out.game_id = player_prop_lines.game_id
      AND ruled_out.player_id = player_prop_lines.player_id
    LEFT JOIN predicted
      ON predicted.game_id = player_prop_lines.game_id
      AND predicted.player_id = player_prop_lines.player_id
    WHERE player_prop_lines.game_date BETWEEN @first_date AND @last_date AND ruled_out.player_id IS NULL
    GROUP BY player_prop_lines.game_date
  ),
  grades AS (
    SELECT game_date, COUNT(*) AS graded, COUNT(DISTINCT game_id) AS graded_games, MAX(as_of) AS graded_at,
    FROM prediction_accuracy
    WHERE game_date BETWEEN @first_date AND @last_date
    GROUP BY game_date
  ),
  predictions_of_dates AS (
    SELECT game_date, COUNT(DISTINCT game_id) AS predicted_games,
    FROM predictions
    WHERE game_date BETWEEN @first_date AND @last_date
    GROUP BY game_date
  ),
  -- A later re-run of the grading changes the time of the grades, but not when they were complete first.
  gradings AS (
    SELECT game_date, row_count, MIN(ended_at) AS ended_at,
    FROM processor_execution_log
    WHERE game_date BETWEEN @first_date AND @last_date AND step = 'grade' AND succeeded
    GROUP BY game_date, row_count
  )
SELECT
  runs.game_date,
  runs.games,
  runs.backfilled,
  COALESCE(lined.lined_players, 0) AS lined_players,
  COALESCE(lined.predicted_in_time, 0) AS predicted_in_time,
  COALESCE(predictions_of_dates.predicted_games, 0) AS predicted_games,
  COALESCE(grades.graded_games, 0) AS graded_games,
  LEAST(grades.graded_at, COALESCE(gradings.ended_at, grades.graded_at)) AS graded_at,
FROM runs
LEFT JOIN lined ON lined.game_date = runs.game_date
LEFT JOIN predictions_of_dates ON predictions_of_dates.game_date = runs.game_date
LEFT JOIN grades ON grades.game_date = runs.game_date
LEFT JOIN gradings
  ON gradings.game_date = grades.game_date
  AND gradings.row_count = grades.graded
ORDER BY runs.game_date
