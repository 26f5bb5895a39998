SELECT *,
FROM prediction_accuracy
WHERE game_date = @game_date AND as_of <= @as_of
