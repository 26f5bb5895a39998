SELECT DISTINCT team
FROM unresolved_players
JOIN raw_rosters USING (game_date, team, source)
WHERE game_date = @game_date
ORDER BY team
