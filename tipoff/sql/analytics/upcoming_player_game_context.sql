-- Requires upcoming_team_game_context and player_prop_lines of the same dates.
WITH
  slate AS (
    SELECT ours.*, theirs.pace AS opponent_pace, theirs.defensive_rating AS opponent_defensive_rating,
    FROM upcoming_team_game_context AS ours
    JOIN upcoming_team_game_context AS theirs
      ON theirs.game_date = ours.game_date
      AND theirs.game_id = ours.game_id
      AND theirs.team = ours.opponent
    WHERE ours.game_date BETWEEN @first_date AND @last_date
      AND theirs.game_date BETWEEN @first_date AND @last_date
  ),
  -- The same rule as slate_players in tipoff/sources/player_names.py: the league's list completes the rosters, except
  -- for a team whose roster has at least 13 players and no unresolved name. A roster comes before the list.
  current_rosters AS (
    SELECT game_date, team, player_id, player_name, source, as_of,
    FROM raw_rosters
    WHERE game_date BETWEEN @first_date AND @last_date AND as_of <= @as_of AND NOT @training
  ),
  whole_rosters AS (
    SELECT game_date, team, TRUE AS is_whole,
    FROM current_rosters
    LEFT JOIN (
      SELECT game_date, team, source, player_name FROM unresolved_players WHERE game_date BETWEEN @first_date AND @last_date
    ) AS unresolved USING (game_date, team, source)
    GROUP BY game_date, team
    HAVING COUNT(DISTINCT current_rosters.player_id) >= 13 AND COUNT(unresolved.player_name) = 0
  ),
  dates AS (
    SELECT DISTINCT game_date FROM slate WHERE NOT @training
  ),
  listed AS (
    SELECT dates.game_date, team, player_id, player_name, source, as_of, players.game_date AS listed_on,
    FROM dates
    JOIN raw_players AS players
      ON players.game_date <= dates.game_date AND players.as_of <= @as_of
    WHERE players.game_date <= @last_date
    QUALIFY players.game_date = MAX(players.game_date) OVER (PARTITION BY dates.game_date)
  ),
  -- A player who has played since the list was made, or without a list in his team's last season, is on the team of
  -- his last game.
  played AS (
    SELECT
      dates.game_date, box.team, box.player_id, box.player_name, CONCAT('last game in ', box.source) AS source, box.as_of,
      box.game_date AS played_on, box.game_id,
    FROM dates
    JOIN raw_player_boxscores AS box
      ON box.game_date < dates.game_date
    LEFT JOIN (SELECT DISTINCT game_date, listed_on FROM listed) AS lists
      ON lists.game_date = dates.game_date
    WHERE box.game_date < @last_date AND COALESCE(box.game_date >= lists.listed_on, TRUE)
    QUALIFY box.season = MAX(box.season) OVER (PARTITION BY dates.game_date, box.team)
  ),
  last_teams AS (
    SELECT game_date, team, player_id, player_name, source, as_of,
    FROM played
    WHERE TRUE
    QUALIFY ROW_NUMBER() OVER (PARTITION BY game_date, player_id ORDER BY played_on DESC, game_id DESC) = 1
  ),
  player_list AS (
    SELECT * FROM last_teams
    UNION ALL
    SELECT listed.* EXCEPT (listed_on),
    FROM listed
    LEFT JOIN (SELECT game_date, player_id, TRUE AS has_played FROM last_teams) AS since USING (game_date, player_id)
    WHERE has_played IS NULL
  ),
  -- Box scores exist only after a game, so they replace rosters in training and nowhere else.
  rosters AS (
    SELECT *, FALSE AS is_fallback,
    FROM current_rosters
    UNION ALL
    SELECT game_date, team, player_id, player_name, source, as_of, TRUE AS is_fallback,
    FROM player_list
    LEFT JOIN whole_rosters USING (game_date, team)
    LEFT JOIN (SELECT DISTINCT game_date, player_id, TRUE AS is_on_roster FROM current_rosters) AS placed
      USING (game_date, player_id)
    WHERE is_whole IS NULL AND is_on_roster IS NULL
    UNION ALL
    SELECT game_date, team, player_id, player_name, source, as_of, FALSE AS is_fallback,
    FROM raw_player_boxscores
    WHERE game_date BETWEEN @first_date AND @last_date AND @training AND minutes > 0
  ),
  squads AS (
    SELECT
      slate.*, player_id, player_name, source, is_fallback,
      ROW_NUMBER() OVER (PARTITION BY game_date, player_id ORDER BY is_fallback, rosters.as_of DESC, team) AS choice,
    FROM slate
    JOIN rosters USING (game_date, team)
  ),
  reports AS (
    SELECT game_date, game_id, slate.season, team, player_id, status, source,
    FROM raw_injuries AS injuries
    JOIN slate USING (game_date, game_id, team)
    WHERE injuries.game_date BETWEEN @first_date AND @last_date
      AND injuries.as_of <= @as_of
      AND COALESCE(injuries.as_of <= TIMESTAMP_SUB(slate.tip_off, INTERVAL @reports_until_minutes MINUTE), TRUE)
    QUALIFY injuries.as_of = MAX(injuries.as_of) OVER (PARTITION BY game_id)
  ),
  -- Until a team has submitted its report, the health of its players is unknown.
  submissions AS (
    SELECT game_date, game_id, team, STRING_AGG(DISTINCT source, ';' ORDER BY source) AS injury_source,
    FROM reports
    GROUP BY game_date, game_id, team
    HAVING COUNTIF(status = 'Submitted') > 0
  ),
  absent AS (
    SELECT reports.game_id, reports.team, AVG(games.minutes) AS minutes, AVG(games.points) AS points,
    FROM reports
    JOIN player_game_summary AS games USING (season, player_id)
    WHERE games.game_date BETWEEN DATE_SUB(@first_date, INTERVAL 365 DAY) AND @last_date
      AND status = 'Out' AND games.game_date < reports.game_date AND games.minutes > 0
      AND LEFT(games.game_id, 3) != '006'
    GROUP BY reports.game_id, reports.team, player_id
    HAVING COUNT(*) >= 3
  ),
  vacated AS (
    SELECT
      game_id, team,
      COUNTIF(points >= 18) AS stars_out,
      AVG(minutes) * COUNT(*) AS vacated_minutes,
      AVG(points) * COUNT(*) AS vacated_points,
    FROM absent
    GROUP BY game_id, team
  ),
  games AS (
    SELECT
      game_date, game_id, player_id, team, minutes, points, fga + 0.44 * fta AS attempts,
      ROW_NUMBER() OVER (PARTITION BY player_id ORDER BY game_date, game_id) AS ordinal,
      ROW_NUMBER() OVER (PARTITION BY player_id, team ORDER BY game_date, game_id) AS team_ordinal,
      LEAD(game_date) OVER (PARTITION BY player_id ORDER BY game_date, game_id) AS next_game_date,
    FROM player_game_summary
    WHERE game_date BETWEEN DATE_SUB(@first_date, INTERVAL 565 DAY) AND @last_date
      AND minutes > 0 AND LEFT(game_id, 3) != '006'
  ),
  -- The players whose last game was for the team. Whether they are on court tonight, as box scores tell, has no part.
  members AS (
    SELECT
      slate.game_date, slate.game_id, slate.team, player_id, ordinal, team_ordinal,
      DATE_DIFF(slate.game_date, games.game_date, DAY) AS days_ago,
    FROM slate
    JOIN games USING (team)
    WHERE games.game_date < slate.game_date
      AND COALESCE(next_game_date >= slate.game_date, TRUE)
      AND DATE_DIFF(slate.game_date, games.game_date, DAY) <= 200
  ),
  levels AS (
    SELECT
      members.game_id, members.team, player_id, MAX(days_ago) AS days_ago,
      AVG(games.minutes) AS minutes, AVG(games.points) AS points, AVG(games.attempts) AS attempts,
    FROM members
    JOIN games USING (player_id)
    WHERE games.ordinal BETWEEN members.ordinal - 19 AND members.ordinal
      AND DATE_DIFF(members.game_date, games.game_date, DAY) <= 365
    GROUP BY members.game_id, members.team, player_id
    HAVING COUNT(*) >= 3
  ),
  own_games AS (
    SELECT
      members.game_id, team, player_id, games.game_id AS own_game_id,
      COUNT(*) OVER (PARTITION BY members.game_id, team, player_id) AS number,
    FROM members
    JOIN games USING (team, player_id)
    WHERE games.team_ordinal BETWEEN members.team_ordinal - 9 AND members.team_ordinal
      AND DATE_DIFF(members.game_date, games.game_date, DAY) <= 200
  ),
  -- In which share of a player's last 10 games for the team each team-mate played.
  together AS (
    SELECT
      own_games.game_id, team, own_games.player_id, games.player_id AS mate_id,
      SAFE_DIVIDE(COUNT(*), MAX(number)) AS share,
    FROM own_games
    JOIN games USING (team)
    WHERE games.game_id = own_games.own_game_id AND games.player_id != own_games.player_id
    GROUP BY own_games.game_id, team, own_games.player_id, games.player_id
  ),
  mates AS (
    SELECT
      members.game_id, members.team, members.player_id, levels.minutes, levels.points, levels.attempts,
      IF(absent_mates.player_id IS NULL, NULL, COALESCE(share, 0)) AS lost_share,
      IF(absent_mates.player_id IS NULL AND levels.minutes >= 12 AND levels.days_ago <= 60, 1 - COALESCE(share, 0), NULL)
        AS regained_share,
    FROM members
    JOIN levels ON levels.game_id = members.game_id AND levels.team = members.team
    LEFT JOIN together
      ON together.game_id = members.game_id
      AND together.team = members.team
      AND together.player_id = members.player_id
      AND together.mate_id = levels.player_id
    LEFT JOIN (SELECT game_id, team, player_id FROM reports WHERE status IN ('Out', 'Doubtful')) AS absent_mates
      ON absent_mates.game_id = members.game_id
      AND absent_mates.team = members.team
      AND absent_mates.player_id = levels.player_id
    WHERE levels.player_id != members.player_id
  ),
  -- What the available team-mates have lost and regained since the player's own recent games: a team-mate who has been
  -- out in all of them counts no more.
  changes AS (
    SELECT
      game_id, team, player_id,
      COALESCE(AVG(points * lost_share) * COUNT(lost_share), 0) AS lost_points,
      COALESCE(AVG(minutes * lost_share) * COUNT(lost_share), 0) AS lost_minutes,
      COALESCE(AVG(attempts * lost_share) * COUNT(lost_share), 0) AS lost_attempts,
      COALESCE(AVG(points * regained_share) * COUNT(regained_share), 0) AS regained_points,
      COALESCE(AVG(minutes * regained_share) * COUNT(regained_share), 0) AS regained_minutes,
      COALESCE(AVG(attempts * regained_share) * COUNT(regained_share), 0) AS regained_attempts,
    FROM mates
    GROUP BY game_id, team, player_id
  ),
  lines AS (
    SELECT * EXCEPT (as_of),
    FROM player_prop_lines
    WHERE game_date BETWEEN @first_date AND @last_date AND line_as_of <= @as_of
  )
SELECT
  game_date, game_id, squads.season, player_id, player_name, team, opponent, home, tip_off,
  status AS injury_status,
  injury_source IS NOT NULL AS has_injury_report,
  injury_source,
  IF(injury_source IS NOT NULL, COALESCE(stars_out, 0), NULL) AS stars_out,
  IF(injury_source IS NOT NULL, COALESCE(vacated_minutes, 0), NULL) AS vacated_minutes,
  IF(injury_source IS NOT NULL, COALESCE(vacated_points, 0), NULL) AS vacated_points,
  IF(injury_source IS NOT NULL, lost_points, NULL) AS lost_points,
  IF(injury_source IS NOT NULL, lost_minutes, NULL) AS lost_minutes,
  IF(injury_source IS NOT NULL, lost_attempts, NULL) AS lost_attempts,
  IF(injury_source IS NOT NULL, regained_points, NULL) AS regained_points,
  IF(injury_source IS NOT NULL, regained_minutes, NULL) AS regained_minutes,
  IF(injury_source IS NOT NULL, regained_attempts, NULL) AS regained_attempts,
  opponent_pace, opponent_defensive_rating,
  line IS NOT NULL AS has_prop_line,
  line, opening_line, line_move, books, over_price_american, over_book, under_price_american, under_book,
  market_over_probability, implied_median, line_updated_at, line_as_of, line_source,
  source AS roster_source,
  NULLIF(ARRAY_TO_STRING([
    IF(COUNT(line) OVER (PARTITION BY game_id) = 0, 'lines', NULL),
    -- Lines are polled every two hours: after eight, four polls have brought nothing newer.
    -- The closing line of a game that has begun is not old.
    IF(
      NOT @training
      AND COALESCE(line_updated_at, line_as_of)
        < TIMESTAMP_SUB(LEAST(@as_of, COALESCE(tip_off, @as_of)), INTERVAL 8 HOUR),
      'fresh_line', NULL
    ),
    IF(spread IS NULL OR total IS NULL, 'game_lines', NULL),
    IF(injury_source IS NULL, 'injury_report', NULL),
    IF(is_fallback, 'rosters', NULL)
  ], ';'), '') AS missing,
  @as_of AS as_of,
FROM squads
LEFT JOIN (SELECT game_date, game_id, team, player_id, status FROM reports)
  USING (game_date, game_id, team, player_id)
LEFT JOIN submissions USING (game_date, game_id, team)
LEFT JOIN vacated USING (game_id, team)
LEFT JOIN changes USING (game_id, team, player_id)
LEFT JOIN lines USING (game_date, game_id, player_id)
WHERE choice = 1
  AND (ARRAY_LENGTH(@game_ids) = 0 OR game_id IN UNNEST(@game_ids))
  AND COALESCE(status NOT IN ('Out', 'Doubtful'), TRUE)
