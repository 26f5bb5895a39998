-- Games of a date as known at @as_of. A game predicted for the date and moved to another date since is postponed.
-- Without a scoreboard, a game with box scores of both teams is final, as box scores of live games are not stored, and its
-- score is that of the teams' box scores.
WITH
  games AS (
    SELECT
      game_id, away, home, tip_off,
      CASE
        WHEN game_date != @game_date THEN 'postponed'
        WHEN status = 'postponed' OR as_of <= @as_of THEN status
        ELSE 'scheduled'
      END AS status,
    FROM raw_schedule
    WHERE game_date BETWEEN DATE_SUB(@game_date, INTERVAL 365 DAY) AND DATE_ADD(@game_date, INTERVAL 365 DAY)
      AND (
        (game_date = @game_date AND season_type IN UNNEST(@season_types))
        OR game_id IN (SELECT game_id FROM predictions WHERE game_date = @game_date)
      )
  ),
  boxes AS (
    SELECT
      game_id,
      COUNT(DISTINCT team) AS teams,
      COUNT(DISTINCT IF(as_of <= @as_of, team, NULL)) AS teams_as_of,
    FROM raw_player_boxscores
    WHERE game_date = @game_date
    GROUP BY game_id
  ),
  totals AS (
    SELECT game_id, team, points
    FROM raw_team_boxscores
    WHERE game_date = @game_date AND as_of <= @as_of
  )
SELECT
  games.game_id,
  games.away,
  games.home,
  games.tip_off,
  CASE
    WHEN games.status = 'postponed' OR board.status = 'postponed' THEN 'postponed'
    WHEN games.status = 'final' OR board.status = 'final' OR boxes.teams_as_of = 2 THEN 'final'
    ELSE COALESCE(board.status, games.status)
  END AS game_status,
  board.status_text,
  COALESCE(board.away_points, away_total.points) AS away_points,
  COALESCE(board.home_points, home_total.points) AS home_points,
  COALESCE(boxes.teams, 0) AS teams_in_box,
FROM games
LEFT JOIN (
  SELECT * FROM raw_scoreboard WHERE game_date = @game_date AND as_of <= @as_of
) AS board USING (game_id)
LEFT JOIN boxes USING (game_id)
LEFT JOIN totals AS away_total ON away_total.game_id = games.game_id AND away_total.team = games.away
LEFT JOIN totals AS home_total ON home_total.game_id = games.game_id AND home_total.team = games.home
ORDER BY games.tip_off NULLS LAST, games.game_id
