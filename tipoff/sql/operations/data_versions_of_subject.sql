SELECT game_id, version,
FROM data_versions
WHERE game_date = @game_date AND subject = @subject
