SELECT prediction_id, COALESCE(first_actual_points, actual_points) AS first_actual_points,
FROM prediction_accuracy
WHERE game_date = @game_date
