-- Requires upcoming_player_game_context of the same dates. Uses only games that the player played in before the date.
-- The Cup final (006) counts for rest days but not for statistics. The last season counts like 8 games of this one in a
-- player's level; a player who did not play in it gets the means of first seasons, 6 points and 16 minutes.
WITH
  targets AS (
    SELECT game_date, player_id, season, team, opponent,
    FROM upcoming_player_game_context
    WHERE game_date BETWEEN @first_date AND @last_date
  ),
  history AS (
    SELECT
      *,
      COUNTIF(counts) OVER (PARTITION BY player_id ORDER BY game_date, game_id) AS ordinal,
      DATE_DIFF(game_date, LAG(game_date) OVER (PARTITION BY player_id ORDER BY game_date, game_id), DAY) = 1
        AS is_second_night,
    FROM (
      SELECT *, LEFT(game_id, 3) != '006' AS counts,
      FROM player_game_summary
      WHERE minutes > 0
        AND player_id IN (SELECT player_id FROM targets)
        AND game_date < @last_date
        AND game_date >= DATE_SUB(@first_date, INTERVAL 1096 DAY)
    )
  ),
  known AS (
    SELECT targets.game_date, player_id, MAX(ordinal) AS newest, COUNTIF(counts) AS games,
    FROM targets
    JOIN history USING (player_id)
    WHERE history.game_date < targets.game_date
      AND DATE_DIFF(targets.game_date, history.game_date, DAY) <= 1096
    GROUP BY targets.game_date, player_id
  ),
  earlier AS (
    SELECT
      targets.game_date, player_id,
      games, IF(counts, newest - ordinal + 1, NULL) AS recency,
      DATE_DIFF(targets.game_date, history.game_date, DAY) AS days_ago,
      counts AND history.season = targets.season AS this_season,
      counts AND history.opponent = targets.opponent AS against_tonights,
      counts AND history.team = targets.team AS for_tonights,
      home, points, minutes, fga, fg3a, ftm, fta, starter, is_second_night,
      IF(quality = 'measured', usage_rate, NULL) AS usage_rate,
      IF(newest - ordinal < 10, history.source, NULL) AS recent_source,
      IF(newest - ordinal < 10, history.gamebook_source, NULL) AS recent_gamebook_source,
      POW(0.5, (newest - ordinal) / 5) AS weight,
    FROM targets
    JOIN known USING (game_date, player_id)
    JOIN history USING (player_id)
    WHERE history.game_date < targets.game_date
      AND DATE_DIFF(targets.game_date, history.game_date, DAY) <= 1096
      AND (ordinal > newest - 20 OR history.season = targets.season OR history.opponent = targets.opponent)
  ),
  seasons AS (
    SELECT season, LAG(season) OVER (ORDER BY season) AS last_season,
    FROM (SELECT season FROM history UNION DISTINCT SELECT season FROM targets)
  ),
  last_seasons AS (
    SELECT
      targets.game_date, player_id,
      AVG(points) AS points_mean_last_season,
      AVG(minutes) AS minutes_mean_last_season,
    FROM targets
    JOIN seasons USING (season)
    JOIN history USING (player_id)
    WHERE history.season = seasons.last_season AND counts
    GROUP BY targets.game_date, player_id
  ),
  births AS (
    SELECT player_id, MAX(birth_date) AS birth_date,
    FROM raw_rosters
    WHERE game_date BETWEEN DATE_SUB(@first_date, INTERVAL 365 DAY) AND @last_date
    GROUP BY player_id
  )
SELECT
  game_date, player_id,
  COUNTIF(this_season) AS games_season,
  COALESCE(MAX(games), 0) AS games_history,
  COALESCE(MAX(games), 0) < 5 AS bootstrap,
  STRING_AGG(DISTINCT recent_source, ';' ORDER BY recent_source) AS box_source,
  MIN(days_ago) AS days_since_last_game,
  AVG(IF(recency <= 5, points, NULL)) AS points_mean_5,
  AVG(IF(recency <= 10, points, NULL)) AS points_mean_10,
  AVG(IF(this_season, points, NULL)) AS points_mean_season,
  STDDEV_SAMP(IF(recency <= 10, points, NULL)) AS points_sd_10,
  SAFE_DIVIDE(AVG(IF(recency <= 20, points * weight, NULL)), AVG(IF(recency <= 20, weight, NULL))) AS points_ewm,
  SAFE_DIVIDE(AVG(IF(recency <= 10, points, NULL)), AVG(IF(recency <= 10, minutes, NULL))) AS points_per_minute_10,
  AVG(IF(recency <= 5, points, NULL)) - AVG(IF(recency BETWEEN 6 AND 10, points, NULL)) AS points_trend,
  AVG(IF(recency <= 5, minutes, NULL)) AS minutes_mean_5,
  AVG(IF(recency <= 7, minutes, NULL)) AS minutes_mean_7,
  AVG(IF(recency <= 10, minutes, NULL)) AS minutes_mean_10,
  AVG(IF(this_season, minutes, NULL)) AS minutes_mean_season,
  STDDEV_SAMP(IF(recency <= 10, minutes, NULL)) AS minutes_sd_10,
  MAX(IF(recency = 1, minutes, NULL)) AS minutes_last_game,
  AVG(IF(recency <= 10, fga, NULL)) AS fga_mean_10,
  AVG(IF(recency <= 10, fg3a, NULL)) AS fg3a_mean_10,
  AVG(IF(recency <= 10, fta, NULL)) AS fta_mean_10,
  AVG(IF(recency <= 10, usage_rate, NULL)) AS usage_rate_10,
  SAFE_DIVIDE(AVG(IF(recency <= 10, points, NULL)), 2 * AVG(IF(recency <= 10, fga + 0.44 * fta, NULL)))
    AS true_shooting_10,
  COUNTIF(days_ago <= 7) AS games_last_7_days,
  COUNTIF(days_ago <= 14) AS games_last_14_days,
  COALESCE(AVG(IF(days_ago <= 7, minutes, NULL)) * COUNTIF(days_ago <= 7), 0) AS minutes_last_7_days,
  COALESCE(MIN(days_ago) = 1, FALSE) AS back_to_back,
  COUNTIF(days_ago <= 14 AND is_second_night) AS back_to_backs_last_14_days,
  MAX(
    EXTRACT(YEAR FROM game_date) - EXTRACT(YEAR FROM birth_date)
    - IF(
      EXTRACT(MONTH FROM game_date) * 100 + EXTRACT(DAY FROM game_date)
      < EXTRACT(MONTH FROM birth_date) * 100 + EXTRACT(DAY FROM birth_date),
      1, 0
    )
  ) AS age,
  SAFE_DIVIDE(AVG(IF(recency <= 10, ftm, NULL)), AVG(IF(recency <= 10, points, NULL))) AS free_throw_share_10,
  AVG(IF(recency <= 10, IF(starter, 1, IF(starter IS NULL, NULL, 0)), NULL)) AS start_share_10,
  AVG(IF(recency <= 5, IF(starter, 1, IF(starter IS NULL, NULL, 0)), NULL)) AS start_share_5,
  MAX(IF(recency = 1, IF(starter, 1, IF(starter IS NULL, NULL, 0)), NULL)) AS started_last_game,
  COUNTIF(recency <= 10 AND starter IS NOT NULL) AS gamebook_games_10,
  STRING_AGG(DISTINCT recent_gamebook_source, ';' ORDER BY recent_gamebook_source) AS gamebook_source,
  AVG(IF(against_tonights, points, NULL)) AS points_mean_opponent,
  COUNTIF(against_tonights) AS games_opponent,
  AVG(IF(this_season AND home, points, NULL)) - AVG(IF(this_season AND NOT home, points, NULL))
    AS home_points_difference,
  COUNTIF(this_season AND for_tonights) AS games_with_team,
  COUNTIF(recency = 1 AND NOT for_tonights) = 1 AS new_team,
  SAFE_DIVIDE(
    COALESCE(AVG(IF(this_season, points, NULL)) * COUNTIF(this_season), 0)
    + 8 * COALESCE(MAX(points_mean_last_season), 6.0),
    COUNTIF(this_season) + 8
  ) AS points_level,
  SAFE_DIVIDE(
    COALESCE(AVG(IF(this_season, minutes, NULL)) * COUNTIF(this_season), 0)
    + 8 * COALESCE(MAX(minutes_mean_last_season), 16.0),
    COUNTIF(this_season) + 8
  ) AS minutes_level,
  @as_of AS as_of,
FROM targets
LEFT JOIN earlier USING (game_date, player_id)
LEFT JOIN last_seasons USING (game_date, player_id)
LEFT JOIN births USING (player_id)
GROUP BY game_date, player_id
