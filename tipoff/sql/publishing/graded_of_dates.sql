SELECT
  game_date, game_id, system_id, view, grade, actual_points, signed_error,
  absolute_error, line_absolute_error, last10_absolute_error,
  recommendation, confidence, within_80, price_american, profit_units,
  closing_line_value, backfilled,
FROM prediction_accuracy
WHERE game_date BETWEEN @first_date AND @last_date AND as_of <= @as_of
ORDER BY game_date, prediction_id
