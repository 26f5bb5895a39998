-- A game at a neutral site, which the league's logs show by two teams away from home, has no known place. HOU is at Toyota
-- Center and LAC at Intuit Dome (coordinates: Wikipedia); until it opened, the Clippers played in the arena of the Lakers.
WITH
  arenas AS (
    SELECT 'ATL' AS team, 33.7573 AS latitude, -84.3963 AS longitude, 'Eastern' AS zone UNION ALL
    SELECT 'BKN', 40.6826, -73.9754, 'Eastern' UNION ALL
    SELECT 'BOS', 42.3662, -71.0621, 'Eastern' UNION ALL
    SELECT 'CHA', 35.2251, -80.8392, 'Eastern' UNION ALL
    SELECT 'CHI', 41.8807, -87.6742, 'Central' UNION ALL
    SELECT 'CLE', 41.4965, -81.6882, 'Eastern' UNION ALL
    SELECT 'DAL', 32.7906, -96.8103, 'Central' UNION ALL
    SELECT 'DEN', 39.7487, -105.0077, 'Mountain' UNION ALL
    SELECT 'DET', 42.3411, -83.0553, 'Eastern' UNION ALL
    SELECT 'GSW', 37.7679, -122.3873, 'Pacific' UNION ALL
    SELECT 'HOU', 29.7508, -95.3622, 'Central' UNION ALL
    SELECT 'IND', 39.764, -86.1555, 'Eastern' UNION ALL
    SELECT 'LAC', 33.9451, -118.3431, 'Pacific' UNION ALL
    SELECT 'LAL', 34.043, -118.2673, 'Pacific' UNION ALL
    SELECT 'MEM', 35.1382, -90.0505, 'Central' UNION ALL
    SELECT 'MIA', 25.7814, -80.187, 'Eastern' UNION ALL
    SELECT 'MIL', 43.0435, -87.9167, 'Central' UNION ALL
    SELECT 'MIN', 44.9795, -93.276, 'Central' UNION ALL
    SELECT 'NOP', 29.949, -90.0821, 'Central' UNION ALL
    SELECT 'NYK', 40.7505, -73.9934, 'Eastern' UNION ALL
    SELECT 'OKC', 35.4634, -97.5151, 'Central' UNION ALL
    SELECT 'ORL', 28.5392, -81.3839, 'Eastern' UNION ALL
    SELECT 'PHI', 39.9012, -75.172, 'Eastern' UNION ALL
    SELECT 'PHX', 33.4457, -112.0712, 'Arizona' UNION ALL
    SELECT 'POR', 45.5316, -122.6668, 'Pacific' UNION ALL
    SELECT 'SAC', 38.5816, -121.4999, 'Pacific' UNION ALL
    SELECT 'SAS', 29.427, -98.4375, 'Central' UNION ALL
    SELECT 'TOR', 43.6434, -79.3791, 'Eastern' UNION ALL
    SELECT 'UTA', 40.7683, -111.9011, 'Mountain' UNION ALL
    SELECT 'WAS', 38.8981, -77.0209, 'Eastern'
  ),
  scheduled AS (
    SELECT game_date, game_id, home, neutral_site,
    FROM raw_schedule
  ),
  -- Games of earlier seasons may exist only in box scores. Of a scheduled game the schedule alone says where it is played:
  -- a box score is not known before the game.
  played AS (
    SELECT game_date, game_id, MAX(IF(home, team, NULL)) AS home, COUNTIF(home) = 0 AS neutral_site,
    FROM team_boxes
    GROUP BY game_date, game_id
  ),
  games AS (
    SELECT
      game_date, game_id,
      IF(COALESCE(scheduled.neutral_site, played.neutral_site), NULL, COALESCE(scheduled.home, played.home)) AS arena,
    FROM scheduled
    FULL JOIN played USING (game_date, game_id)
  )
SELECT
  game_date, game_id, arena, latitude, longitude,
  (
    UNIX_SECONDS(TIMESTAMP(game_date, 'UTC'))
    - CASE zone
      WHEN 'Eastern' THEN UNIX_SECONDS(TIMESTAMP(game_date, 'America/New_York'))
      WHEN 'Central' THEN UNIX_SECONDS(TIMESTAMP(game_date, 'America/Chicago'))
      WHEN 'Mountain' THEN UNIX_SECONDS(TIMESTAMP(game_date, 'America/Denver'))
      WHEN 'Arizona' THEN UNIX_SECONDS(TIMESTAMP(game_date, 'America/Phoenix'))
      WHEN 'Pacific' THEN UNIX_SECONDS(TIMESTAMP(game_date, 'America/Los_Angeles'))
    END
  ) / 3600 AS utc_offset_hours,
FROM games
LEFT JOIN arenas
  ON arenas.team = IF(games.arena = 'LAC' AND game_date < DATE '2024-08-15', 'LAL', games.arena)
