-- Why players did not play, by the gamebooks; a name that is unresolved there has no player.
SELECT
  game_id,
  player_id,
  MAX(status) AS absence,
  MAX(reason) AS absence_reason,
FROM raw_gamebook_players
WHERE game_date = @game_date AND status != 'played' AND player_id IS NOT NULL
GROUP BY game_id, player_id
