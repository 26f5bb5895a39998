-- Requires player_game_summary, and upcoming_team_game_context for the dates. Uses only games that the player played in.
WITH
  dates AS (
    SELECT DISTINCT game_date, season,
    FROM upcoming_team_game_context
    WHERE game_date BETWEEN @first_date AND @last_date
  ),
  history AS (
    SELECT
      *,
      paint_fga IS NOT NULL AS has_shots,
      COUNT(*) OVER (PARTITION BY player_id ORDER BY game_date, game_id) AS ordinal,
    FROM player_game_summary
    WHERE minutes > 0
      AND game_date < @last_date
      AND game_date >= DATE_SUB(@first_date, INTERVAL 365 DAY)
      AND LEFT(game_id, 3) != '006'
  ),
  players AS (
    SELECT dates.game_date, player_id, MAX(ordinal) AS newest,
    FROM dates
    JOIN history USING (season)
    WHERE history.game_date < dates.game_date
    GROUP BY dates.game_date, player_id
  ),
  recent AS (
    SELECT
      players.game_date,
      history.* EXCEPT (game_date),
      newest - ordinal + 1 AS recency,
      assisted_share * fgm AS assisted,
    FROM players
    JOIN history USING (player_id)
    WHERE ordinal BETWEEN newest - 19 AND newest
      AND DATE_DIFF(players.game_date, history.game_date, DAY) <= 365
  ),
  totals AS (
    SELECT
      game_date, player_id,
      COUNTIF(recency <= 10 AND has_shots) AS shot_games_10,
      SUM(IF(recency <= 10, paint_fgm, NULL)) AS paint_fgm_10,
      SUM(IF(recency <= 10, mid_range_fgm, NULL)) AS mid_range_fgm_10,
      SUM(IF(recency <= 10, three_fgm, NULL)) AS three_fgm_10,
      SUM(IF(recency <= 10, paint_fga, NULL)) AS paint_fga_10,
      SUM(IF(recency <= 10, mid_range_fga, NULL)) AS mid_range_fga_10,
      SUM(IF(recency <= 10, three_fga, NULL)) AS three_fga_10,
      SUM(IF(recency <= 10 AND has_shots, fga, NULL)) AS fga_10,
      SUM(IF(recency <= 10 AND has_shots, fgm, NULL)) AS fgm_10,
      AVG(IF(recency <= 10, assisted, NULL)) * COUNT(IF(recency <= 10, assisted, NULL)) AS assisted_10,
      COUNTIF(recency <= 20 AND has_shots) AS shot_games_20,
      SUM(IF(recency <= 20, paint_fgm, NULL)) AS paint_fgm_20,
      SUM(IF(recency <= 20, mid_range_fgm, NULL)) AS mid_range_fgm_20,
      SUM(IF(recency <= 20, three_fgm, NULL)) AS three_fgm_20,
      SUM(IF(recency <= 20, paint_fga, NULL)) AS paint_fga_20,
      SUM(IF(recency <= 20, mid_range_fga, NULL)) AS mid_range_fga_20,
      SUM(IF(recency <= 20, three_fga, NULL)) AS three_fga_20,
      SUM(IF(recency <= 20 AND has_shots, fga, NULL)) AS fga_20,
      SUM(IF(recency <= 20 AND has_shots, fgm, NULL)) AS fgm_20,
      AVG(IF(recency <= 20, assisted, NULL)) * COUNT(IF(recency <= 20, assisted, NULL)) AS assisted_20,
      STRING_AGG(DISTINCT IF(recency <= 10, shot_source, NULL), ';' ORDER BY IF(recency <= 10, shot_source, NULL))
        AS shot_source,
    FROM recent
    GROUP BY game_date, player_id
  )
SELECT
  game_date, player_id,
  shot_games_10,
  SAFE_DIVIDE(paint_fga_10, fga_10) AS paint_share_10,
  SAFE_DIVIDE(paint_fgm_10, paint_fga_10) AS paint_fg_share_10,
  SAFE_DIVIDE(paint_fga_10, shot_games_10) AS paint_fga_10,
  SAFE_DIVIDE(mid_range_fga_10, fga_10) AS mid_range_share_10,
  SAFE_DIVIDE(mid_range_fgm_10, mid_range_fga_10) AS mid_range_fg_share_10,
  SAFE_DIVIDE(mid_range_fga_10, shot_games_10) AS mid_range_fga_10,
  SAFE_DIVIDE(three_fga_10, fga_10) AS three_share_10,
  SAFE_DIVIDE(three_fgm_10, three_fga_10) AS three_fg_share_10,
  SAFE_DIVIDE(three_fga_10, shot_games_10) AS three_fga_10,
  SAFE_DIVIDE(assisted_10, fgm_10) AS assisted_share_10,
  shot_games_20,
  SAFE_DIVIDE(paint_fga_20, fga_20) AS paint_share_20,
  SAFE_DIVIDE(paint_fgm_20, paint_fga_20) AS paint_fg_share_20,
  SAFE_DIVIDE(paint_fga_20, shot_games_20) AS paint_fga_20,
  SAFE_DIVIDE(mid_range_fga_20, fga_20) AS mid_range_share_20,
  SAFE_DIVIDE(mid_range_fgm_20, mid_range_fga_20) AS mid_range_fg_share_20,
  SAFE_DIVIDE(mid_range_fga_20, shot_games_20) AS mid_range_fga_20,
  SAFE_DIVIDE(three_fga_20, fga_20) AS three_share_20,
  SAFE_DIVIDE(three_fgm_20, three_fga_20) AS three_fg_share_20,
  SAFE_DIVIDE(three_fga_20, shot_games_20) AS three_fga_20,
  SAFE_DIVIDE(assisted_20, fgm_20) AS assisted_share_20,
  CASE
    WHEN SAFE_DIVIDE(paint_fga_10, fga_10) >= 0.40 THEN 'paint'
    WHEN SAFE_DIVIDE(three_fga_10, fga_10) >= 0.40 THEN 'three'
    WHEN SAFE_DIVIDE(mid_range_fga_10, fga_10) >= 0.35 THEN 'mid_range'
    WHEN fga_10 > 0 THEN 'balanced'
  END AS primary_zone,
  shot_source,
  IF(shot_games_10 = 0, 'shots', NULL) AS missing,
  @as_of AS as_of,
FROM totals
