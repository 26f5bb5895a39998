SELECT run_id, run,
FROM daily_pipeline_runs
WHERE game_date = @game_date
