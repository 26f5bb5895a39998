-- What is stored of each date with games: how many games it has, how many of them have rows of a phase, and how its last
-- run ended. Postponed games are not played on their date.
WITH
  slate AS (
    SELECT game_date, game_id,
    FROM raw_schedule
    WHERE game_date BETWEEN @first_date AND @last_date
      AND status != 'postponed'
      AND season_type IN UNNEST(@season_types)
  ),
  with_rows AS (
    SELECT DISTINCT game_date, game_id, 'context' AS phase,
    FROM upcoming_player_game_context
    WHERE game_date BETWEEN @first_date AND @last_date
    UNION ALL
    SELECT DISTINCT game_date, game_id, 'predict' AS phase,
    FROM predictions
    WHERE game_date BETWEEN @first_date AND @last_date
    UNION ALL
    SELECT DISTINCT game_date, game_id, 'results' AS phase,
    FROM player_game_summary
    WHERE game_date BETWEEN @first_date AND @last_date
    UNION ALL
    SELECT DISTINCT game_date, game_id, 'grade' AS phase,
    FROM prediction_accuracy
    WHERE game_date BETWEEN @first_date AND @last_date
  ),
  last_runs AS (
    SELECT game_date, state,
    FROM daily_pipeline_runs
    WHERE game_date BETWEEN @first_date AND @last_date
    QUALIFY ROW_NUMBER() OVER (PARTITION BY game_date ORDER BY run DESC) = 1
  )
SELECT
  slate.game_date,
  COUNT(DISTINCT slate.game_id) AS games,
  COUNTIF(with_rows.phase = 'context') AS context_games,
  COUNTIF(with_rows.phase = 'predict') AS predict_games,
  COUNTIF(with_rows.phase = 'results') AS results_games,
  COUNTIF(with_rows.phase = 'grade') AS grade_games,
  MAX(last_runs.state) AS last_state,
FROM slate
LEFT JOIN with_rows ON with_rows.game_date = slate.game_date AND with_rows.game_id = slate.game_id
LEFT JOIN last_runs ON last_runs.game_date = slate.game_date
GROUP BY slate.game_date
ORDER BY slate.game_date
