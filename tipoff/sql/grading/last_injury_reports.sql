-- The newest snapshot of each game. A player who is no longer listed has been cleared.
SELECT
  game_id,
  player_id,
  raw_injuries.status AS injury_status,
  raw_injuries.reason AS injury_reason,
  raw_injuries.as_of AS injury_as_of,
FROM raw_injuries
WHERE game_date = @game_date AND as_of <= @as_of
QUALIFY as_of = MAX(as_of) OVER (PARTITION BY game_id)
