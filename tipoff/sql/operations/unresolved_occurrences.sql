SELECT
  unresolved.game_date, unresolved.source, unresolved.game_id, unresolved.team, unresolved.player_name,
  schedule.home, schedule.away,
FROM unresolved_players AS unresolved
LEFT JOIN raw_schedule AS schedule USING (game_id)
WHERE unresolved.player_name != @unreadable
ORDER BY unresolved.player_name, unresolved.game_date, unresolved.source, unresolved.game_id, unresolved.team
