-- What a system's view said of each player before his games, with the grades, the newest first.
SELECT
  predictions.player_id,
  predictions.game_date,
  predictions.game_id,
  predictions.opponent,
  predictions.home,
  predictions.points,
  predictions.low_80,
  predictions.high_80,
  predictions.over_probability,
  prediction_accuracy.line,
  prediction_accuracy.lean,
  prediction_accuracy.recommendation,
  prediction_accuracy.price_american,
  prediction_accuracy.grade,
  prediction_accuracy.void_reason,
  prediction_accuracy.actual_points,
  prediction_accuracy.profit_units,
FROM prediction_accuracy
INNER JOIN predictions
  ON predictions.game_date = prediction_accuracy.game_date
  AND predictions.prediction_id = prediction_accuracy.prediction_id
WHERE prediction_accuracy.game_date BETWEEN @first_date AND @last_date
  AND predictions.game_date BETWEEN @first_date AND @last_date
  AND prediction_accuracy.as_of <= @as_of
  AND prediction_accuracy.system_id = @system_id
  AND prediction_accuracy.view = @view
  AND NOT prediction_accuracy.backfilled
ORDER BY predictions.player_id, predictions.game_date DESC, predictions.game_id
