-- A prediction made before tip-off is preferred. Without one, the newest later prediction is used, flagged backfilled.
-- A system's newer prediction of a player supersedes its older ones, also those of another view: without the line that
-- it was made with, a market view does not stay beside a newer model view.
WITH candidates AS (
  SELECT
    predictions.* EXCEPT (tip_off, backfilled),
    IF(raw_schedule.game_id IS NULL, predictions.tip_off, raw_schedule.tip_off) AS tip_off,
    predictions.backfilled
      OR COALESCE(predictions.as_of >= COALESCE(raw_schedule.tip_off, predictions.tip_off), FALSE) AS backfilled,
  FROM predictions
  LEFT JOIN raw_schedule
    ON raw_schedule.game_date BETWEEN DATE_SUB(@game_date, INTERVAL 365 DAY) AND DATE_ADD(@game_date, INTERVAL 365 DAY)
    AND raw_schedule.game_id = predictions.game_id
  WHERE predictions.game_date = @game_date AND predictions.as_of <= @as_of
)
SELECT
  *,
  COUNT(*) OVER (PARTITION BY game_id, player_id, system_id)
    - COUNT(*) OVER (PARTITION BY game_id, player_id, system_id, backfilled, as_of) AS superseded,
FROM candidates
WHERE TRUE
QUALIFY RANK() OVER (PARTITION BY game_id, player_id, system_id ORDER BY backfilled, as_of DESC) = 1
