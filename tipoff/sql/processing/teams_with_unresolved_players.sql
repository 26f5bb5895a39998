SELECT DISTINCT team
FROM unresolved_players
JOIN raw_rosters USING (game_date, team, source)
WHERE unresolved_players.game_date = @game_date AND raw_rosters.game_date = @game_date
ORDER BY team
