-- The newest run of a date has its state. The executions of all runs are counted, since a re-run repeats only some.
WITH
  newest AS (
    SELECT *, COUNT(*) OVER (PARTITION BY game_date) AS runs,
    FROM daily_pipeline_runs
    WHERE TRUE
    QUALIFY ROW_NUMBER() OVER (PARTITION BY game_date ORDER BY run DESC) = 1
  ),
  by_step AS (
    SELECT
      game_date,
      phase,
      step,
      MAX(row_count) AS most_rows,
      COUNTIF(succeeded) AS successes,
      COUNTIF(succeeded IS NOT NULL) AS decided,
      -- The times of a re-run are those at which the repeated execution took place.
      MIN(IF(step = 'nbac_schedule' AND succeeded AND trigger != 'rerun', ended_at, NULL)) AS slate_at,
      MIN(
        IF(step = 'export_predictions' AND succeeded AND row_count > 0 AND trigger != 'rerun', ended_at, NULL)
      ) AS published_at,
    FROM processor_execution_log
    GROUP BY game_date, phase, step
  ),
  by_phase AS (
    SELECT
      game_date,
      SUM(IF(phase = 'slate', most_rows, 0)) AS slate_rows,
      SUM(IF(phase = 'collect', most_rows, 0)) AS collect_rows,
      SUM(IF(phase = 'lines', most_rows, 0)) AS lines_rows,
      SUM(IF(phase = 'context', most_rows, 0)) AS context_rows,
      SUM(IF(phase = 'predict', most_rows, 0)) AS predict_rows,
      SUM(IF(phase = 'publish', most_rows, 0)) AS publish_rows,
      SUM(IF(phase = 'follow', most_rows, 0)) AS follow_rows,
      SUM(IF(phase = 'results', most_rows, 0)) AS results_rows,
      SUM(IF(phase = 'grade', most_rows, 0)) AS grade_rows,
      SAFE_DIVIDE(SUM(successes), SUM(decided)) AS success_rate,
      (UNIX_SECONDS(MIN(published_at)) - UNIX_SECONDS(MIN(slate_at))) / 60 AS publication_minutes,
    FROM by_step
    GROUP BY game_date
  ),
  rates AS (
    SELECT
      game_date,
      ARRAY_AGG(step ORDER BY step) AS steps,
      ARRAY_AGG(SAFE_DIVIDE(successes, decided) ORDER BY step) AS success_rates,
    FROM by_step
    WHERE decided > 0
    GROUP BY game_date
  ),
  predicted AS (
    SELECT
      game_date,
      COUNT(DISTINCT CONCAT(game_id, ' ', player_id, ' ', system_id, ' ', view)) AS predictions,
    FROM predictions
    GROUP BY game_date
  ),
  grades AS (
    SELECT game_date, COUNT(*) AS graded,
    FROM prediction_accuracy
    GROUP BY game_date
  )
SELECT
  newest.game_date,
  newest.state AS status,
  newest.data_quality,
  newest.backfilled,
  newest.runs,
  newest.games,
  COALESCE(by_phase.slate_rows, 0) AS slate_rows,
  COALESCE(by_phase.collect_rows, 0) AS collect_rows,
  COALESCE(by_phase.lines_rows, 0) AS lines_rows,
  COALESCE(by_phase.context_rows, 0) AS context_rows,
  COALESCE(by_phase.predict_rows, 0) AS predict_rows,
  COALESCE(by_phase.publish_rows, 0) AS publish_rows,
  COALESCE(by_phase.follow_rows, 0) AS follow_rows,
  COALESCE(by_phase.results_rows, 0) AS results_rows,
  COALESCE(by_phase.grade_rows, 0) AS grade_rows,
  COALESCE(predicted.predictions, 0) AS predictions,
  COALESCE(grades.graded, 0) AS graded,
  by_phase.publication_minutes,
  COALESCE(rates.steps, ARRAY<STRING>[]) AS steps,
  COALESCE(rates.success_rates, ARRAY<FLOAT64>[]) AS success_rates,
  by_phase.success_rate,
  newest.sentence,
  newest.ended_at,
FROM newest
LEFT JOIN by_phase ON by_phase.game_date = newest.game_date
LEFT JOIN rates ON rates.game_date = newest.game_date
LEFT JOIN predicted ON predicted.game_date = newest.game_date
LEFT JOIN grades ON grades.game_date = newest.game_date
