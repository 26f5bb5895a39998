-- A prediction made before tip-off is preferred. Without one, the newest later prediction is used, flagged backfilled.
-- A system's newer prediction of a player supersedes its older ones, also those of another view: without the line that
-- it was made with, a market view does not stay beside a newer model view.
-- A pick of a player whom the last report before tip-off rules out is withdrawn, and one of a one-sided slate is withheld
-- unless it was released before tip-off: both are published as PASS.
WITH
  candidates AS (
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
  ),
  active AS (
    SELECT
      *,
      COUNT(DISTINCT as_of) OVER (PARTITION BY game_id, player_id, system_id) - 1 AS superseded,
    FROM candidates
    WHERE TRUE
    QUALIFY RANK() OVER (PARTITION BY game_id, player_id, system_id ORDER BY backfilled, as_of DESC) = 1
  ),
  reports AS (
    SELECT
      raw_injuries.game_id,
      raw_injuries.player_id,
      raw_injuries.status,
      raw_injuries.reason,
    FROM raw_injuries
    LEFT JOIN raw_schedule
      ON raw_schedule.game_date BETWEEN DATE_SUB(@game_date, INTERVAL 365 DAY) AND DATE_ADD(@game_date, INTERVAL 365 DAY)
      AND raw_schedule.game_id = raw_injuries.game_id
    WHERE raw_injuries.game_date = @game_date
      AND raw_injuries.as_of <= @as_of
      AND COALESCE(raw_injuries.as_of < raw_schedule.tip_off, TRUE)
    QUALIFY raw_injuries.as_of = MAX(raw_injuries.as_of) OVER (PARTITION BY raw_injuries.game_id)
  ),
  absences AS (
    SELECT game_id, player_id, MIN(CONCAT(status, COALESCE(CONCAT(': ', reason), ''))) AS absence,
    FROM reports
    WHERE status IN ('Out', 'Doubtful')
    GROUP BY game_id, player_id
  ),
  decisions AS (
    SELECT
      active.*,
      active.recommendation IN ('OVER', 'UNDER') AND NOT active.backfilled AS picked,
      absences.absence,
      withheld_picks.withheld,
      withheld_picks.reason AS withheld_reason,
    FROM active
    LEFT JOIN absences
      ON absences.game_id = active.game_id
      AND absences.player_id = active.player_id
    LEFT JOIN withheld_picks
      ON withheld_picks.game_date = @game_date
      AND withheld_picks.system_id = active.system_id
      AND withheld_picks.view = active.view
      AND withheld_picks.as_of <= @as_of
      AND COALESCE(withheld_picks.as_of < active.tip_off, TRUE)
    WHERE TRUE
    QUALIFY ROW_NUMBER() OVER (PARTITION BY active.prediction_id ORDER BY withheld_picks.as_of DESC) = 1
  )
SELECT
  * EXCEPT (recommendation, picked, absence, withheld, withheld_reason),
  recommendation AS system_recommendation,
  IF(picked AND (absence IS NOT NULL OR COALESCE(withheld, FALSE)), 'PASS', recommendation) AS recommendation,
  CASE
    WHEN NOT picked THEN NULL
    WHEN absence IS NOT NULL THEN CONCAT('withdrawn: ', absence)
    WHEN withheld THEN withheld_reason
  END AS pass_reason,
FROM decisions
