-- Past feature rows with the points scored, for players who played.
SELECT
  features.* EXCEPT (feature_sources, feature_qualities),
  results.points,
FROM ml_feature_store AS features
JOIN player_game_summary AS results USING (game_date, game_id, player_id)
WHERE features.season IN UNNEST(@seasons)
  AND features.game_date < @before
  AND results.game_date < @before
  AND results.minutes > 0
ORDER BY game_date, game_id, player_id
