SELECT MIN(as_of) AS first, MAX(as_of) AS last
FROM predictions
WHERE game_date = @game_date AND as_of <= @as_of
