SELECT
  prediction_accuracy.* EXCEPT (as_of),
  prediction_accuracy.as_of AS graded_at,
  predictions.player_name,
  predictions.team,
  predictions.opponent,
  predictions.home,
  IF(raw_schedule.game_id IS NULL, predictions.tip_off, raw_schedule.tip_off) AS tip_off,
  predictions.points,
  predictions.low_80,
  predictions.high_80,
  predictions.over_probability,
  predictions.market_over_probability,
  predictions.line_as_of,
  predictions.book,
  predictions.as_of,
FROM prediction_accuracy
INNER JOIN predictions
  ON predictions.game_date = prediction_accuracy.game_date
  AND predictions.prediction_id = prediction_accuracy.prediction_id
LEFT JOIN raw_schedule
  ON raw_schedule.game_date BETWEEN DATE_SUB(@game_date, INTERVAL 365 DAY) AND DATE_ADD(@game_date, INTERVAL 365 DAY)
  AND raw_schedule.game_id = predictions.game_id
WHERE prediction_accuracy.game_date = @game_date AND predictions.game_date = @game_date
  AND prediction_accuracy.as_of <= @as_of
