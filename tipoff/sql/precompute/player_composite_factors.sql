-- Requires both contexts, player_daily_cache and both zone analyses of the same dates. A fatigue score of 100 is fresh; a
-- part whose input is unknown, such as the age, deducts nothing. The minutes of players ruled out, at most 120, go to the
-- others in proportion to their usage.
WITH
  players AS (
    SELECT
      context.game_date, context.game_id, context.player_id,
      context.opponent_pace, context.stars_out, context.vacated_minutes,
      teams.pace AS team_pace,
      form.back_to_back, form.days_since_last_game, form.games_last_7_days, form.minutes_last_7_days,
      form.back_to_backs_last_14_days, form.age, form.usage_rate_10,
      SAFE_DIVIDE(form.minutes_last_7_days, form.games_last_7_days) AS minutes_per_game_last_7_days,
      shots.primary_zone, shots.paint_share_10, shots.mid_range_share_10, shots.three_share_10,
      defense.paint_difference, defense.mid_range_difference, defense.three_difference,
      SAFE_DIVIDE(240 * form.usage_rate_10, 240 - LEAST(context.vacated_minutes, 120)) AS projected_usage_rate,
    FROM upcoming_player_game_context AS context
    JOIN upcoming_team_game_context AS teams USING (game_date, game_id, team)
    JOIN player_daily_cache AS form USING (game_date, player_id)
    LEFT JOIN player_shot_zone_analysis AS shots
      ON shots.game_date BETWEEN @first_date AND @last_date
      AND shots.game_date = context.game_date
      AND shots.player_id = context.player_id
    LEFT JOIN team_defense_zone_analysis AS defense
      ON defense.game_date BETWEEN @first_date AND @last_date
      AND defense.game_date = context.game_date
      AND defense.team = context.opponent
    WHERE context.game_date BETWEEN @first_date AND @last_date
      AND teams.game_date BETWEEN @first_date AND @last_date
      AND form.game_date BETWEEN @first_date AND @last_date
      AND (ARRAY_LENGTH(@game_ids) = 0 OR context.game_id IN UNNEST(@game_ids))
  ),
  parts AS (
    SELECT
      *,
      CASE WHEN back_to_back THEN -15 WHEN days_since_last_game >= 3 THEN 5 ELSE 0 END AS days_off_part,
      IF(games_last_7_days >= 4, -10, 0) AS games_part,
      IF(minutes_last_7_days > 240, -10, 0) AS minutes_part,
      IF(minutes_per_game_last_7_days > 35, -8, 0) AS load_part,
      CASE WHEN back_to_backs_last_14_days >= 2 THEN -12 WHEN back_to_backs_last_14_days = 1 THEN -5 ELSE 0 END
        AS back_to_backs_part,
      CASE WHEN age >= 35 THEN -10 WHEN age >= 30 THEN -5 ELSE 0 END AS age_part,
      CASE primary_zone WHEN 'paint' THEN paint_share_10 WHEN 'mid_range' THEN mid_range_share_10
        WHEN 'three' THEN three_share_10 END AS zone_share,
      CASE primary_zone WHEN 'paint' THEN paint_difference WHEN 'mid_range' THEN mid_range_difference
        WHEN 'three' THEN three_difference END AS zone_difference,
      paint_share_10 * paint_difference + mid_range_share_10 * mid_range_difference + three_share_10 * three_difference
        AS mismatch_of_all_zones,
      CASE WHEN stars_out >= 2 THEN 1.3 WHEN stars_out = 1 THEN 1.15 ELSE 1.0 END AS star_factor,
    FROM players
  ),
  factors AS (
    SELECT
      *,
      IF(days_since_last_game IS NULL, NULL, LEAST(100.0, GREATEST(0.0,
        100.0 + days_off_part + games_part + minutes_part + load_part + back_to_backs_part + age_part
      ))) AS fatigue_score,
      GREATEST(-10.0, LEAST(10.0,
        100 * IF(primary_zone = 'balanced', mismatch_of_all_zones, zone_share * zone_difference)
      )) AS shot_zone_mismatch,
      GREATEST(-3.0, LEAST(3.0, (team_pace - opponent_pace) / 2)) AS pace_score,
      GREATEST(-3.0, LEAST(3.0, 0.3 * (projected_usage_rate - usage_rate_10) * star_factor)) AS usage_spike,
    FROM parts
  )
SELECT
  game_date, game_id, player_id,
  fatigue_score,
  IF(fatigue_score IS NULL, NULL, COALESCE(NULLIF(ARRAY_TO_STRING([
    CASE days_off_part WHEN -15 THEN 'back-to-back -15' WHEN 5 THEN '3 days off or more +5' END,
    IF(games_part < 0, '4 games or more in 7 days -10', NULL),
    IF(minutes_part < 0, 'more than 240 minutes in 7 days -10', NULL),
    IF(load_part < 0, 'more than 35 minutes a game -8', NULL),
    CASE back_to_backs_part WHEN -12 THEN '2 back-to-backs or more in 14 days -12'
      WHEN -5 THEN '1 back-to-back in 14 days -5' END,
    CASE age_part WHEN -10 THEN 'age 35 or more -10' WHEN -5 THEN 'age 30 or more -5' END,
    IF(age IS NULL, 'age unknown', NULL)
  ], '; '), ''), 'nothing applies')) AS fatigue_explanation,
  primary_zone, zone_share, zone_difference, shot_zone_mismatch,
  IF(shot_zone_mismatch IS NULL, NULL, ARRAY_TO_STRING([
    CASE primary_zone WHEN 'paint' THEN 'shoots from the paint' WHEN 'mid_range' THEN 'shoots from mid-range'
      WHEN 'three' THEN 'shoots threes' ELSE 'shoots from everywhere' END,
    CASE SIGN(shot_zone_mismatch) WHEN 1 THEN 'where the opponent allows more than the league'
      WHEN -1 THEN 'where the opponent allows less than the league' ELSE 'where the opponent equals the league' END
  ], ', ')) AS zone_explanation,
  pace_score,
  CASE SIGN(pace_score) WHEN 1 THEN 'the team plays faster than its opponent'
    WHEN -1 THEN 'the team plays slower than its opponent' WHEN 0 THEN 'both teams play equally fast' END
    AS pace_explanation,
  projected_usage_rate, usage_spike,
  IF(usage_spike IS NULL, NULL, ARRAY_TO_STRING([
    IF(vacated_minutes > 0, 'plays the minutes of team-mates who are out', 'no minutes are vacated'),
    CASE WHEN stars_out >= 2 THEN '2 stars or more are out' WHEN stars_out = 1 THEN '1 star is out' END
  ], '; ')) AS usage_explanation,
  NULLIF(ARRAY_TO_STRING([
    IF(fatigue_score IS NULL, 'history', NULL),
    IF(age IS NULL, 'age', NULL),
    IF(primary_zone IS NULL, 'shots', NULL),
    IF(primary_zone IS NOT NULL AND shot_zone_mismatch IS NULL, 'league', NULL),
    IF(pace_score IS NULL, 'team_results', NULL),
    IF(vacated_minutes IS NULL, 'injury_report', NULL)
  ], ';'), '') AS missing,
  @as_of AS as_of,
FROM factors
