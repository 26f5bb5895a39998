-- A game without team totals gets the sums of its players' rows, with minutes rounded to whole periods. Players' minutes
-- may be rounded, so sums are a few minutes off. A larger difference means a player is missing: the game is left out.
-- It is also left out if its box score has an unresolved name, as that player has no row.
WITH
  unresolved AS (
    SELECT DISTINCT game_date, game_id, source,
    FROM unresolved_players
  ),
  sums AS (
    SELECT
      box.game_date, box.game_id, box.team,
      MAX(box.season) AS season,
      MAX(box.opponent) AS opponent,
      LOGICAL_OR(box.home) AS home,
      AVG(box.minutes) * COUNT(box.minutes) AS player_minutes,
      SUM(box.fgm) AS fgm, SUM(box.fga) AS fga, SUM(box.fg3m) AS fg3m, SUM(box.fg3a) AS fg3a,
      SUM(box.ftm) AS ftm, SUM(box.fta) AS fta, SUM(box.oreb) AS oreb, SUM(box.dreb) AS dreb, SUM(box.reb) AS reb,
      SUM(box.ast) AS ast, SUM(box.stl) AS stl, SUM(box.blk) AS blk, SUM(box.tov) AS tov, SUM(box.pf) AS pf,
      SUM(box.points) AS points,
      STRING_AGG(DISTINCT box.source, ' and ' ORDER BY box.source) AS source,
      MAX(box.as_of) AS as_of,
      LOGICAL_OR(unresolved.game_id IS NOT NULL) AS is_incomplete,
    FROM raw_player_boxscores AS box
    LEFT JOIN unresolved
      ON unresolved.game_date = box.game_date
      AND unresolved.game_id = box.game_id
      AND unresolved.source = box.source
    LEFT JOIN raw_team_boxscores AS totals
      ON totals.game_date = box.game_date
      AND totals.game_id = box.game_id
    WHERE totals.game_id IS NULL
    GROUP BY box.game_date, box.game_id, box.team
  ),
  paired AS (
    SELECT
      ours.*,
      ours.points > theirs.points AS win,
      ours.is_incomplete OR theirs.is_incomplete AS is_incomplete_game,
      LEAST(ours.player_minutes, theirs.player_minutes) AS fewest_minutes,
      240 + 25 * GREATEST(ROUND((GREATEST(ours.player_minutes, theirs.player_minutes) - 240) / 25), 0) AS minutes,
    FROM sums AS ours
    JOIN sums AS theirs
      ON theirs.game_date = ours.game_date
      AND theirs.game_id = ours.game_id
      AND theirs.team = ours.opponent
  )
SELECT
  game_date, game_id, season, team, opponent, home, win,
  minutes, fgm, fga, fg3m, fg3a, ftm, fta, oreb, dreb, reb, ast, stl, blk, tov, pf, points,
  source, as_of,
FROM raw_team_boxscores
UNION ALL
SELECT
  game_date, game_id, season, team, opponent, home, win,
  minutes, fgm, fga, fg3m, fg3a, ftm, fta, oreb, dreb, reb, ast, stl, blk, tov, pf, points,
  CONCAT('sum of ', source) AS source, as_of,
FROM paired
WHERE fewest_minutes > minutes - 12
  AND NOT is_incomplete_game
