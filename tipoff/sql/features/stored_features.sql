-- Feature rows that the systems predict from.
SELECT *,
FROM ml_feature_store
WHERE game_date BETWEEN @first_date AND @last_date
  AND (ARRAY_LENGTH(@game_ids) = 0 OR game_id IN UNNEST(@game_ids))
ORDER BY game_id, player_id
