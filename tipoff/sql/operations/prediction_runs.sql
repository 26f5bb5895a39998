-- Predictions made before the games; those made afterwards only if there are no others.
SELECT as_of, system_id, game_id, backfilled,
FROM (
  SELECT DISTINCT as_of, system_id, game_id, backfilled, LOGICAL_AND(backfilled) OVER () AS all_backfilled,
  FROM predictions
  WHERE game_date = @game_date
)
WHERE backfilled = all_backfilled
ORDER BY as_of, system_id, game_id
