SELECT
  unresolved.game_date, unresolved.source, unresolved.game_id, unresolved.team, unresolved.player_name,
  schedule.home, schedule.away,
FROM unresolved_players AS unresolved
LEFT JOIN raw_schedule AS schedule -- of any date of the season, as a game may have moved
  ON schedule.game_date BETWEEN DATE_SUB(@first_date, INTERVAL 365 DAY) AND DATE_ADD(@last_date, INTERVAL 365 DAY)
  AND schedule.game_id = unresolved.game_id
WHERE unresolved.game_date BETWEEN @first_date AND @last_date
  AND unresolved.player_name != @unreadable
ORDER BY unresolved.player_name, unresolved.game_date, unresolved.source, unresolved.game_id, unresolved.team
