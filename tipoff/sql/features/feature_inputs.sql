-- Inputs of the feature vector: both contexts and the precomputed tables joined, one row per player and game.
WITH
  totals AS (
    SELECT
      team,
      STRING_AGG(DISTINCT source, ';' ORDER BY source) AS source,
    FROM team_boxes
    WHERE season = @season
      AND game_date < @last_date
    GROUP BY team
  )
SELECT
  players.*,
  COALESCE(schedule.source, box.source) AS schedule_source, -- a past game may exist only in box scores
  totals.source AS team_box_source,
  ours.game_lines_source,
  ours.games_season AS team_games,
  theirs.games_season AS opponent_games,
  ours.days_rest AS team_days_rest,
  theirs.days_rest AS opponent_days_rest,
  ours.pace AS team_pace,
  ours.offensive_rating AS team_offensive_rating,
  ours.win_share AS team_win_share,
  ours.spread,
  ours.total,
  ours.implied_total,
  ours.spread_move,
  ours.total_move,
  ours.travel_miles,
  ours.time_zone_change,
  factors.fatigue_score,
  factors.shot_zone_mismatch,
  factors.pace_score,
  factors.usage_spike,
  shots.paint_share_10,
  shots.mid_range_share_10,
  shots.three_share_10,
  COALESCE(shots.shot_games_10, 0) AS shot_games_10,
  shots.shot_source,
  history.* EXCEPT (game_date, player_id, as_of),
FROM upcoming_player_game_context AS players
JOIN upcoming_team_game_context AS ours
  ON ours.game_date = players.game_date
  AND ours.game_id = players.game_id
  AND ours.team = players.team
JOIN upcoming_team_game_context AS theirs
  ON theirs.game_date = players.game_date
  AND theirs.game_id = players.game_id
  AND theirs.team = players.opponent
JOIN player_daily_cache AS history
  ON history.game_date = players.game_date
  AND history.player_id = players.player_id
LEFT JOIN player_composite_factors AS factors
  ON factors.game_date BETWEEN @first_date AND @last_date
  AND factors.game_date = players.game_date
  AND factors.game_id = players.game_id
  AND factors.player_id = players.player_id
LEFT JOIN player_shot_zone_analysis AS shots
  ON shots.game_date BETWEEN @first_date AND @last_date
  AND shots.game_date = players.game_date
  AND shots.player_id = players.player_id
LEFT JOIN raw_schedule AS schedule -- of any date of the season, as a game may have moved
  ON schedule.game_date BETWEEN DATE_SUB(@first_date, INTERVAL 365 DAY) AND DATE_ADD(@last_date, INTERVAL 365 DAY)
  AND schedule.game_id = players.game_id
LEFT JOIN team_boxes AS box
  ON box.game_date BETWEEN @first_date AND @last_date
  AND box.game_date = players.game_date
  AND box.game_id = players.game_id
  AND box.team = players.team
LEFT JOIN totals
  ON totals.team = players.team
WHERE players.game_date BETWEEN @first_date AND @last_date
  AND ours.game_date BETWEEN @first_date AND @last_date
  AND theirs.game_date BETWEEN @first_date AND @last_date
  AND history.game_date BETWEEN @first_date AND @last_date
  AND (ARRAY_LENGTH(@game_ids) = 0 OR players.game_id IN UNNEST(@game_ids))
ORDER BY players.game_date, players.game_id, players.player_id
