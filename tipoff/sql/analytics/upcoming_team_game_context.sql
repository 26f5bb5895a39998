WITH
  -- Games of earlier seasons may exist only in box scores, without a tip-off time, and the tip-off of a scheduled game
  -- may not be fixed. In training the start of their Eastern date is used instead: it is before every tip-off, so no
  -- later information leaks in.
  fixtures AS (
    SELECT
      game_date, game_id, season,
      IF(@training, COALESCE(tip_off, TIMESTAMP(game_date, 'America/New_York')), tip_off) AS tip_off,
      home, away,
    FROM raw_schedule
    WHERE status != 'postponed'
    UNION ALL
    SELECT
      game_date, game_id, season, TIMESTAMP(game_date, 'America/New_York') AS tip_off, team AS home, opponent AS away,
    FROM team_boxes
    WHERE @training AND home AND game_id NOT IN (SELECT game_id FROM raw_schedule)
  ),
  slate AS (
    SELECT
      game_date, game_id, season, tip_off, at_home,
      IF(at_home, home, away) AS team,
      IF(at_home, away, home) AS opponent,
    FROM fixtures
    CROSS JOIN UNNEST([TRUE, FALSE]) AS at_home
    WHERE game_date BETWEEN @first_date AND @last_date
      AND (ARRAY_LENGTH(@game_ids) = 0 OR game_id IN UNNEST(@game_ids))
  ),
  -- The Cup final (006) counts for rest days but not for the statistics of the season.
  played AS (
    SELECT *, LEFT(game_id, 3) != '006' AS counts,
    FROM team_offense_game_summary
  ),
  earlier AS (
    SELECT
      slate.game_id, slate.team, counts, games.win, games.pace, games.offensive_rating, games.defensive_rating,
      DATE_DIFF(slate.game_date, games.game_date, DAY) AS days_ago,
      COUNTIF(counts) OVER newest_first AS recency,
      COUNTIF(counts AND games.win) OVER newest_first AS wins_since,
    FROM slate
    JOIN played AS games USING (season, team)
    WHERE games.game_date < slate.game_date
    WINDOW newest_first AS (
      PARTITION BY slate.game_id, slate.team ORDER BY games.game_date DESC, games.game_id DESC
      ROWS BETWEEN UNBOUNDED PRECEDING AND CURRENT ROW
    )
  ),
  form AS (
    SELECT
      game_id, team,
      MIN(days_ago) AS days_rest,
      COUNTIF(days_ago <= 7) AS games_last_7_days,
      COUNTIF(days_ago <= 14) AS games_last_14_days,
      COUNTIF(counts) AS games_season,
      COUNTIF(counts AND wins_since = recency) - COUNTIF(counts AND wins_since = 0) AS win_streak,
      AVG(IF(counts, IF(win, 1, 0), NULL)) AS win_share,
      AVG(IF(counts AND recency <= 15, pace, NULL)) AS pace,
      AVG(IF(counts AND recency <= 15, offensive_rating, NULL)) AS offensive_rating,
      AVG(IF(counts AND recency <= 15, defensive_rating, NULL)) AS defensive_rating,
    FROM earlier
    GROUP BY game_id, team
  ),
  quotes AS (
    SELECT
      game_id, lines.source,
      PERCENTILE_DISC(lines.home_spread, 0.5) OVER (PARTITION BY game_id, lines.as_of) AS home_spread,
      PERCENTILE_DISC(lines.total, 0.5) OVER (PARTITION BY game_id, lines.as_of) AS total,
    FROM raw_game_lines AS lines
    JOIN slate USING (game_date, game_id)
    WHERE slate.at_home AND COALESCE(lines.as_of < slate.tip_off, TRUE) AND lines.as_of <= @as_of
    QUALIFY lines.as_of = MAX(lines.as_of) OVER (PARTITION BY game_id)
  ),
  game_lines AS (
    SELECT game_id, home_spread, total, STRING_AGG(DISTINCT source, ';' ORDER BY source) AS game_lines_source,
    FROM quotes
    GROUP BY game_id, home_spread, total
  ),
  reports AS (
    SELECT game_id, team, injuries.status,
    FROM raw_injuries AS injuries
    JOIN slate USING (game_date, game_id, team)
    WHERE injuries.as_of <= @as_of AND COALESCE(injuries.as_of <= slate.tip_off, TRUE)
    QUALIFY injuries.as_of = MAX(injuries.as_of) OVER (PARTITION BY game_id)
  ),
  absences AS (
    SELECT
      game_id, team,
      COUNTIF(status = 'Out') AS players_out,
      COUNTIF(status IN ('Questionable', 'Doubtful')) AS players_questionable,
    FROM reports
    GROUP BY game_id, team
    HAVING COUNTIF(status = 'Submitted') > 0
  )
SELECT
  game_date, game_id, season, team, opponent, at_home AS home, tip_off,
  days_rest,
  COALESCE(days_rest = 1, FALSE) AS back_to_back,
  COALESCE(games_last_7_days, 0) AS games_last_7_days,
  COALESCE(games_last_14_days, 0) AS games_last_14_days,
  COALESCE(games_season, 0) AS games_season,
  COALESCE(win_streak, 0) AS win_streak,
  win_share, pace, offensive_rating, defensive_rating,
  IF(at_home, home_spread, -home_spread) AS spread,
  total,
  (total - IF(at_home, home_spread, -home_spread)) / 2 AS implied_total,
  game_lines_source,
  players_out, players_questionable,
  NULLIF(ARRAY_TO_STRING([
    IF(home_spread IS NULL OR total IS NULL, 'game_lines', NULL),
    IF(players_out IS NULL, 'injury_report', NULL)
  ], ';'), '') AS missing,
  @as_of AS as_of,
FROM slate
LEFT JOIN form USING (game_id, team)
LEFT JOIN game_lines USING (game_id)
LEFT JOIN absences USING (game_id, team)
