-- Unresolved players in the stored box scores. Each may be one of its candidates, who then did play; without candidates
-- its entry is unreadable, and it may be any player of the team, unless another source added what lacked.
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
JOIN (
  SELECT game_id, team, COUNT(DISTINCT source) AS sources
  FROM raw_player_boxscores
  WHERE game_date = @game_date
  GROUP BY game_id, team
) AS sides
  ON sides.game_id = unresolved_players.game_id
  AND sides.team = unresolved_players.team
WHERE unresolved_players.game_date = @game_date
  AND (unresolved_players.candidates != '' OR sides.sources = 1)
