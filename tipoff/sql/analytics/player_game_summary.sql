-- Requires team_offense_game_summary of the same games: usage is a share of the team's plays.
WITH
  last_quotes AS (
    SELECT
      game_id, player_id,
      PERCENTILE_DISC(line, 0.5) OVER (PARTITION BY game_id, player_id, as_of) AS line,
      as_of = MAX(as_of) OVER (PARTITION BY game_id) AS is_close,
    FROM book_main_lines
    WHERE game_date BETWEEN @first_date AND @last_date
  ),
  closing_lines AS (
    SELECT game_id, player_id, ANY_VALUE(line) AS closing_line,
    FROM last_quotes
    WHERE is_close
    GROUP BY game_id, player_id
  ),
  measured AS (
    SELECT
      box.*,
      SAFE_DIVIDE(
        100 * (box.fga + 0.44 * box.fta + box.tov) * teams.minutes / 5,
        box.minutes * (teams.fga + 0.44 * teams.fta + teams.tov)
      ) AS usage_rate,
    FROM raw_player_boxscores AS box
    JOIN team_offense_game_summary AS teams USING (game_date, game_id, team)
    WHERE game_date BETWEEN @first_date AND @last_date
      AND (ARRAY_LENGTH(@game_ids) = 0 OR game_id IN UNNEST(@game_ids))
  )
SELECT
  game_date, game_id, season, player_id, player_name, team, opponent, home,
  minutes, fgm, fga, fg3m, fg3a, ftm, fta, oreb, dreb, reb, ast, stl, blk, tov, pf, points,
  SAFE_DIVIDE(points, 2 * (fga + 0.44 * fta)) AS true_shooting,
  SAFE_DIVIDE(fgm + 0.5 * fg3m, fga) AS effective_field_goal,
  usage_rate,
  closing_line,
  IF(usage_rate NOT BETWEEN 0 AND 100, 'out_of_range', 'measured') AS quality,
  source,
FROM measured
LEFT JOIN closing_lines USING (game_id, player_id)
