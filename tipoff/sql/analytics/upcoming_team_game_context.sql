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
    WHERE game_date BETWEEN @first_date AND @last_date AND status != 'postponed'
    UNION ALL
    SELECT
      game_date, game_id, season, TIMESTAMP(game_date, 'America/New_York') AS tip_off, team AS home, opponent AS away,
    FROM team_boxes
    WHERE game_date BETWEEN @first_date AND @last_date
      AND @training AND home
      AND game_id NOT IN (
        SELECT game_id
        FROM raw_schedule
        WHERE game_date BETWEEN DATE_SUB(@first_date, INTERVAL 365 DAY) AND DATE_ADD(@last_date, INTERVAL 365 DAY)
      )
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
    SELECT games.*, LEFT(game_id, 3) != '006' AS counts, arenas.latitude, arenas.longitude, arenas.utc_offset_hours,
    FROM team_offense_game_summary AS games
    LEFT JOIN (
      SELECT *
      FROM game_arenas
      WHERE game_date BETWEEN DATE_SUB(@first_date, INTERVAL 365 DAY) AND @last_date
    ) AS arenas USING (game_date, game_id)
    WHERE games.game_date BETWEEN DATE_SUB(@first_date, INTERVAL 365 DAY) AND @last_date
  ),
  earlier AS (
    SELECT
      slate.game_id, slate.team, counts, games.win, games.pace, games.offensive_rating, games.defensive_rating,
      DATE_DIFF(slate.game_date, games.game_date, DAY) AS days_ago,
      games.latitude, games.longitude, games.utc_offset_hours,
      COUNT(*) OVER newest_first AS games_ago,
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
      MAX(IF(games_ago = 1, latitude, NULL)) * ACOS(-1) / 180 AS last_latitude,
      MAX(IF(games_ago = 1, longitude, NULL)) * ACOS(-1) / 180 AS last_longitude,
      MAX(IF(games_ago = 1, utc_offset_hours, NULL)) AS last_utc_offset_hours,
    FROM earlier
    GROUP BY game_id, team
  ),
  tonight AS (
    SELECT
      game_id,
      latitude * ACOS(-1) / 180 AS latitude,
      longitude * ACOS(-1) / 180 AS longitude,
      utc_offset_hours,
    FROM game_arenas
    WHERE game_date BETWEEN @first_date AND @last_date
  ),
  -- Haversine on a sphere with the mean radius of the earth, in miles.
  travel AS (
    SELECT
      game_id, team,
      ROUND(2 * 3958.8 * ASIN(SQRT(LEAST(
        POW(SIN((tonight.latitude - last_latitude) / 2), 2)
        + COS(tonight.latitude) * COS(last_latitude) * POW(SIN((tonight.longitude - last_longitude) / 2), 2),
        1.0
      ))), 1) AS travel_miles,
      tonight.utc_offset_hours - last_utc_offset_hours AS time_zone_change,
    FROM form
    JOIN tonight USING (game_id)
  ),
  quotes AS (
    SELECT
      game_id, lines.source, lines.as_of,
      PERCENTILE_DISC(lines.home_spread, 0.5) OVER (PARTITION BY game_id, lines.as_of) AS home_spread,
      PERCENTILE_DISC(lines.total, 0.5) OVER (PARTITION BY game_id, lines.as_of) AS total,
    FROM raw_game_lines AS lines
    JOIN slate USING (game_date, game_id)
    WHERE lines.game_date BETWEEN @first_date AND @last_date
      AND slate.at_home AND COALESCE(lines.as_of < slate.tip_off, TRUE) AND lines.as_of <= @as_of
  ),
  snapshots AS (
    SELECT
      *,
      MAX(as_of) OVER (PARTITION BY game_id) AS latest_at,
      MIN(IF(home_spread IS NULL, NULL, as_of)) OVER (PARTITION BY game_id) AS spread_opened_at,
      MIN(IF(total IS NULL, NULL, as_of)) OVER (PARTITION BY game_id) AS total_opened_at,
    FROM quotes
  ),
  game_lines AS (
    SELECT
      game_id,
      MAX(IF(as_of = latest_at, home_spread, NULL)) AS home_spread,
      MAX(IF(as_of = latest_at, total, NULL)) AS total,
      MAX(IF(as_of = spread_opened_at, home_spread, NULL)) AS opening_home_spread,
      MAX(IF(as_of = total_opened_at, total, NULL)) AS opening_total,
      STRING_AGG(DISTINCT IF(as_of = latest_at, source, NULL), ';' ORDER BY IF(as_of = latest_at, source, NULL))
        AS game_lines_source,
    FROM snapshots
    GROUP BY game_id
  ),
  lines AS (
    SELECT
      game_id, team, game_lines_source, total, opening_total,
      IF(at_home, home_spread, -home_spread) AS spread,
      IF(at_home, opening_home_spread, -opening_home_spread) AS opening_spread,
    FROM slate
    JOIN game_lines USING (game_id)
  ),
  reports AS (
    SELECT game_id, team, injuries.status,
    FROM raw_injuries AS injuries
    JOIN slate USING (game_date, game_id, team)
    WHERE injuries.game_date BETWEEN @first_date AND @last_date
      AND injuries.as_of <= @as_of
      AND COALESCE(injuries.as_of <= TIMESTAMP_SUB(slate.tip_off, INTERVAL @reports_until_minutes MINUTE), TRUE)
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
  travel_miles, time_zone_change,
  spread, total,
  (total - spread) / 2 AS implied_total,
  opening_spread, opening_total,
  spread - opening_spread AS spread_move,
  total - opening_total AS total_move,
  (total - spread) / 2 - (opening_total - opening_spread) / 2 AS implied_total_move,
  game_lines_source,
  players_out, players_questionable,
  NULLIF(ARRAY_TO_STRING([
    IF(spread IS NULL OR total IS NULL, 'game_lines', NULL),
    IF(players_out IS NULL, 'injury_report', NULL),
    IF(days_rest IS NOT NULL AND travel_miles IS NULL, 'travel', NULL)
  ], ';'), '') AS missing,
  @as_of AS as_of,
FROM slate
LEFT JOIN form USING (game_id, team)
LEFT JOIN travel USING (game_id, team)
LEFT JOIN lines USING (game_id, team)
LEFT JOIN absences USING (game_id, team)
