WITH
  played AS (
    SELECT
      *,
      DATE_DIFF(game_date, LAG(game_date) OVER season_so_far, DAY) AS days_rest,
      fga + 0.44 * fta + tov - oreb AS possessions,
    FROM team_boxes
    WHERE game_date <= @last_date AND minutes > 0
    WINDOW season_so_far AS (PARTITION BY season, team ORDER BY game_date, game_id)
  )
SELECT
  ours.game_date, ours.game_id, ours.season, ours.team, ours.opponent, ours.home, ours.win,
  ours.points - theirs.points AS margin,
  CAST(ROUND((ours.minutes - 240) / 25) AS INT64) AS overtime_periods,
  ours.days_rest,
  COALESCE(ours.days_rest = 1, FALSE) AS back_to_back,
  ours.minutes, ours.fgm, ours.fga, ours.fg3m, ours.fg3a, ours.ftm, ours.fta, ours.oreb, ours.dreb, ours.reb,
  ours.ast, ours.stl, ours.blk, ours.tov, ours.pf, ours.points,
  theirs.points AS opponent_points,
  ours.possessions,
  SAFE_DIVIDE(ours.possessions * 48, ours.minutes / 5) AS pace,
  SAFE_DIVIDE(100 * ours.points, ours.possessions) AS offensive_rating,
  SAFE_DIVIDE(100 * theirs.points, theirs.possessions) AS defensive_rating,
  SAFE_DIVIDE(ours.points, 2 * (ours.fga + 0.44 * ours.fta)) AS true_shooting,
  SAFE_DIVIDE(ours.fgm + 0.5 * ours.fg3m, ours.fga) AS effective_field_goal,
FROM played AS ours
JOIN played AS theirs
  ON theirs.game_id = ours.game_id
  AND theirs.team = ours.opponent
WHERE ours.game_date BETWEEN @first_date AND @last_date
  AND (ARRAY_LENGTH(@game_ids) = 0 OR ours.game_id IN UNNEST(@game_ids))
