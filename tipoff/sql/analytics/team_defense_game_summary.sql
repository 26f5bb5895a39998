-- Requires team_offense_game_summary of the same games: a team's defense is the offense of its opponent.
WITH
  shots AS (
    SELECT
      game_date, game_id, team,
      COUNTIF(made AND zone IN ('restricted_area', 'paint')) AS paint_fgm,
      COUNTIF(zone IN ('restricted_area', 'paint')) AS paint_fga,
      COUNTIF(made AND zone = 'mid_range') AS mid_range_fgm,
      COUNTIF(zone = 'mid_range') AS mid_range_fga,
      COUNTIF(made AND worth = 3) AS three_fgm,
      COUNTIF(worth = 3) AS three_fga,
      COUNT(*) AS fga,
      STRING_AGG(DISTINCT source, ';' ORDER BY source) AS shot_source,
    FROM raw_shots
    WHERE game_date BETWEEN @first_date AND @last_date
    GROUP BY game_date, game_id, team
  )
SELECT
  ours.game_date, ours.game_id, ours.season, ours.team, ours.opponent, ours.home,
  theirs.points AS points_allowed,
  theirs.possessions AS opponent_possessions,
  theirs.offensive_rating AS defensive_rating,
  theirs.fgm AS opponent_fgm, theirs.fga AS opponent_fga,
  theirs.fg3m AS opponent_fg3m, theirs.fg3a AS opponent_fg3a,
  theirs.ftm AS opponent_ftm, theirs.fta AS opponent_fta,
  theirs.oreb AS opponent_oreb,
  theirs.true_shooting AS opponent_true_shooting,
  theirs.effective_field_goal AS opponent_effective_field_goal,
  theirs.tov AS forced_turnovers,
  ours.stl, ours.blk, ours.dreb, ours.pf,
  paint_fgm AS opponent_paint_fgm, paint_fga AS opponent_paint_fga,
  mid_range_fgm AS opponent_mid_range_fgm, mid_range_fga AS opponent_mid_range_fga,
  three_fgm AS opponent_three_fgm, three_fga AS opponent_three_fga,
  shot_source,
  IF(shots.fga IS NULL, 'shots', NULL) AS missing,
FROM team_offense_game_summary AS ours
JOIN team_offense_game_summary AS theirs
  ON theirs.game_date = ours.game_date
  AND theirs.game_id = ours.game_id
  AND theirs.team = ours.opponent
LEFT JOIN shots
  ON shots.game_date = theirs.game_date
  AND shots.game_id = theirs.game_id
  AND shots.team = theirs.team
  AND shots.fga = theirs.fga
WHERE ours.game_date BETWEEN @first_date AND @last_date
  AND theirs.game_date BETWEEN @first_date AND @last_date
  AND (ARRAY_LENGTH(@game_ids) = 0 OR ours.game_id IN UNNEST(@game_ids))
