-- Requires team_defense_game_summary, and upcoming_team_game_context for the dates.
WITH
  dates AS (
    SELECT DISTINCT game_date, season,
    FROM upcoming_team_game_context
    WHERE game_date BETWEEN @first_date AND @last_date
  ),
  recent AS (
    SELECT dates.game_date, games.* EXCEPT (game_date), opponent_paint_fga IS NOT NULL AS has_shots,
    FROM dates
    JOIN team_defense_game_summary AS games USING (season)
    WHERE games.game_date BETWEEN DATE_SUB(@first_date, INTERVAL 365 DAY) AND @last_date
      AND games.game_date < dates.game_date AND LEFT(games.game_id, 3) != '006'
    QUALIFY
      ROW_NUMBER() OVER (PARTITION BY dates.game_date, team ORDER BY games.game_date DESC, games.game_id DESC) <= 15
  ),
  teams AS (
    SELECT
      game_date, team,
      COUNT(*) AS games,
      COUNTIF(has_shots) AS games_with_shots,
      AVG(defensive_rating) AS defensive_rating,
      AVG(points_allowed) AS opponent_points,
      SAFE_DIVIDE(SUM(opponent_paint_fgm), SUM(opponent_paint_fga)) AS paint_fg_share,
      SAFE_DIVIDE(SUM(opponent_mid_range_fgm), SUM(opponent_mid_range_fga)) AS mid_range_fg_share,
      SAFE_DIVIDE(SUM(opponent_three_fgm), SUM(opponent_three_fga)) AS three_fg_share,
      AVG(opponent_paint_fga) AS paint_fga,
      AVG(opponent_mid_range_fga) AS mid_range_fga,
      AVG(opponent_three_fga) AS three_fga,
      AVG(2 * opponent_paint_fgm) AS paint_points,
      AVG(2 * opponent_mid_range_fgm) AS mid_range_points,
      AVG(3 * opponent_three_fgm) AS three_points,
      STRING_AGG(DISTINCT shot_source, ';' ORDER BY shot_source) AS shot_source,
    FROM recent
    GROUP BY game_date, team
  ),
  league AS (
    SELECT
      game_date,
      AVG(paint_fg_share) AS paint_fg_share,
      AVG(mid_range_fg_share) AS mid_range_fg_share,
      AVG(three_fg_share) AS three_fg_share,
    FROM teams
    WHERE games_with_shots >= 10
    GROUP BY game_date
  ),
  compared AS (
    SELECT
      teams.*,
      teams.paint_fg_share - league.paint_fg_share AS paint_difference,
      teams.mid_range_fg_share - league.mid_range_fg_share AS mid_range_difference,
      teams.three_fg_share - league.three_fg_share AS three_difference,
    FROM teams
    LEFT JOIN league USING (game_date)
  )
SELECT
  game_date, team, games, games_with_shots, defensive_rating, opponent_points,
  paint_fg_share, paint_fga, paint_points, paint_difference,
  mid_range_fg_share, mid_range_fga, mid_range_points, mid_range_difference,
  three_fg_share, three_fga, three_points, three_difference,
  CASE LEAST(paint_difference, mid_range_difference, three_difference)
    WHEN paint_difference THEN 'paint'
    WHEN mid_range_difference THEN 'mid_range'
    WHEN three_difference THEN 'three'
  END AS strongest_zone,
  CASE GREATEST(paint_difference, mid_range_difference, three_difference)
    WHEN paint_difference THEN 'paint'
    WHEN mid_range_difference THEN 'mid_range'
    WHEN three_difference THEN 'three'
  END AS weakest_zone,
  shot_source,
  NULLIF(ARRAY_TO_STRING([
    IF(games_with_shots = 0, 'shots', NULL),
    IF(paint_difference IS NULL OR mid_range_difference IS NULL OR three_difference IS NULL, 'league', NULL)
  ], ';'), '') AS missing,
  @as_of AS as_of,
FROM compared
