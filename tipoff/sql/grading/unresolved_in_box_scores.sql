-- Unresolved names in the stored box scores. Each may be one of its candidates, who then did play.
SELECT
  unresolved_players.game_id,
  unresolved_players.team,
  unresolved_players.player_name AS unresolved_name,
  unresolved_players.candidates,
FROM unresolved_players
JOIN (
  SELECT DISTINCT game_id, team, source FROM raw_player_boxscores WHERE game_date = @game_date
) AS box
  ON box.game_id = unresolved_players.game_id
  AND box.team = unresolved_players.team
  AND box.source = unresolved_players.source
WHERE unresolved_players.game_date = @game_date
