-- Requires team_offense_game_summary of the same games: usage is a share of the team's plays.
WITH
  closing_lines AS (
    SELECT game_id, player_id, line AS closing_line, as_of AS closing_as_of,
    FROM consensus_lines
    WHERE game_date BETWEEN @first_date AND @last_date
    QUALIFY as_of = MAX(as_of) OVER (PARTITION BY game_id)
  ),
  shots AS (
    SELECT
      game_date, game_id, player_id,
      COUNTIF(made AND zone IN ('restricted_area', 'paint')) AS paint_fgm,
      COUNTIF(zone IN ('restricted_area', 'paint')) AS paint_fga,
      COUNTIF(made AND zone = 'mid_range') AS mid_range_fgm,
      COUNTIF(zone = 'mid_range') AS mid_range_fga,
      COUNTIF(made AND worth = 3) AS three_fgm,
      COUNTIF(worth = 3) AS three_fga,
      SAFE_DIVIDE(COUNTIF(made AND assisted), COUNTIF(made)) AS assisted_share,
      COUNT(*) AS fga,
    FROM raw_shots
    WHERE game_date BETWEEN @first_date AND @last_date
    GROUP BY game_date, game_id, player_id
  ),
  shot_games AS (
    SELECT game_date, game_id, STRING_AGG(DISTINCT source, ';' ORDER BY source) AS source,
    FROM raw_shots
    WHERE game_date BETWEEN @first_date AND @last_date
    GROUP BY game_date, game_id
  ),
  -- The league's logs have whole minutes: a player on court for 28 seconds has 0 there, and 0.47 in the gamebook.
  gamebooks AS (
    SELECT game_date, game_id, player_id, MAX(minutes) AS minutes, LOGICAL_OR(starter) AS starter, MAX(source) AS source,
    FROM raw_gamebook_players
    WHERE game_date BETWEEN @first_date AND @last_date AND status = 'played'
    GROUP BY game_date, game_id, player_id
  ),
  boxes AS (
    SELECT
      box.* EXCEPT (minutes),
      COALESCE(gamebooks.minutes, box.minutes) AS minutes,
      starter,
      gamebooks.source AS gamebook_source,
      shots.* EXCEPT (game_date, game_id, player_id, fga),
      IF(COALESCE(shots.fga, 0) = box.fga, shot_games.source, NULL) AS shot_source,
    FROM raw_player_boxscores AS box
    LEFT JOIN gamebooks USING (game_date, game_id, player_id)
    LEFT JOIN shots USING (game_date, game_id, player_id)
    LEFT JOIN shot_games USING (game_date, game_id)
    WHERE game_date BETWEEN @first_date AND @last_date
      AND (ARRAY_LENGTH(@game_ids) = 0 OR game_id IN UNNEST(@game_ids))
  ),
  measured AS (
    SELECT
      box.*,
      SAFE_DIVIDE(
        100 * (box.fga + 0.44 * box.fta + box.tov) * teams.minutes / 5,
        box.minutes * (teams.fga + 0.44 * teams.fta + teams.tov)
      ) AS usage_rate,
    FROM boxes AS box
    JOIN team_offense_game_summary AS teams USING (game_date, game_id, team)
    WHERE teams.game_date BETWEEN @first_date AND @last_date
  )
SELECT
  game_date, game_id, season, player_id, player_name, team, opponent, home,
  minutes, fgm, fga, fg3m, fg3a, ftm, fta, oreb, dreb, reb, ast, stl, blk, tov, pf, points,
  SAFE_DIVIDE(points, 2 * (fga + 0.44 * fta)) AS true_shooting,
  SAFE_DIVIDE(fgm + 0.5 * fg3m, fga) AS effective_field_goal,
  usage_rate,
  starter,
  IF(shot_source IS NULL, NULL, COALESCE(paint_fgm, 0)) AS paint_fgm,
  IF(shot_source IS NULL, NULL, COALESCE(paint_fga, 0)) AS paint_fga,
  IF(shot_source IS NULL, NULL, COALESCE(mid_range_fgm, 0)) AS mid_range_fgm,
  IF(shot_source IS NULL, NULL, COALESCE(mid_range_fga, 0)) AS mid_range_fga,
  IF(shot_source IS NULL, NULL, COALESCE(three_fgm, 0)) AS three_fgm,
  IF(shot_source IS NULL, NULL, COALESCE(three_fga, 0)) AS three_fga,
  IF(shot_source IS NULL, NULL, assisted_share) AS assisted_share,
  closing_line, closing_as_of,
  gamebook_source,
  shot_source,
  NULLIF(ARRAY_TO_STRING([
    IF(gamebook_source IS NULL, 'gamebook', NULL),
    IF(shot_source IS NULL, 'shots', NULL)
  ], ';'), '') AS missing,
  IF(usage_rate NOT BETWEEN 0 AND 100, 'out_of_range', 'measured') AS quality,
  source,
FROM measured
LEFT JOIN closing_lines USING (game_id, player_id)
