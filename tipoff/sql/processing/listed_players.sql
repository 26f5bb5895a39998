-- As in upcoming_player_game_context.sql: a player who has played since the list was made, or without a list in his
-- team's last season, is on the team of his last game.
WITH
  listed AS (
    SELECT player_id, player_name, COALESCE(team, '') AS team, game_date,
    FROM raw_players
    WHERE game_date <= @game_date
      AND game_date = (SELECT MAX(game_date) FROM raw_players WHERE game_date <= @game_date)
  ),
  played AS (
    SELECT player_id, player_name, team, game_date, game_id,
    FROM raw_player_boxscores
    WHERE game_date < @game_date AND game_date >= COALESCE((SELECT MAX(game_date) FROM listed), game_date)
    QUALIFY season = MAX(season) OVER (PARTITION BY team)
  ),
  last_teams AS (
    SELECT player_id, player_name, team,
    FROM played
    WHERE TRUE
    QUALIFY ROW_NUMBER() OVER (PARTITION BY player_id ORDER BY game_date DESC, game_id DESC) = 1
  )
SELECT player_id, player_name, team,
FROM last_teams
UNION ALL
SELECT player_id, player_name, team,
FROM listed
WHERE player_id NOT IN (SELECT player_id FROM last_teams)
ORDER BY team, player_id
