-- The consensus line and the best prices of each player in the latest snapshot of the game. The opening line is that of
-- the first snapshot with the player. The move is the mean over the books that quote the player in both, so that it is
-- no move when a book joins.
WITH
  known AS (
    SELECT
      *,
      MIN(as_of) OVER (PARTITION BY game_id, player_id) AS opened_at,
      MAX(as_of) OVER (PARTITION BY game_id) AS latest_at,
    FROM consensus_lines
    WHERE game_date BETWEEN @first_date AND @last_date
      AND (ARRAY_LENGTH(@game_ids) = 0 OR game_id IN UNNEST(@game_ids))
      AND as_of <= @as_of
  ),
  current_lines AS (
    SELECT
      known.* EXCEPT (latest_at, over_probability),
      over_probability AS market_over_probability,
      openings.line AS opening_line,
    FROM known
    JOIN (SELECT game_id, player_id, line FROM known WHERE as_of = opened_at) AS openings USING (game_id, player_id)
    WHERE as_of = latest_at
  ),
  quotes AS (
    SELECT *,
    FROM book_quotes
    WHERE game_date BETWEEN @first_date AND @last_date
      AND as_of <= @as_of
  ),
  moves AS (
    SELECT now.game_id, now.player_id, AVG(now.line - opening.line) AS line_move,
    FROM current_lines
    JOIN quotes AS now
      ON now.game_id = current_lines.game_id
      AND now.player_id = current_lines.player_id
      AND now.as_of = current_lines.as_of
      AND now.is_main
    JOIN quotes AS opening
      ON opening.game_id = current_lines.game_id
      AND opening.player_id = current_lines.player_id
      AND opening.as_of = current_lines.opened_at
      AND opening.book = now.book
      AND opening.is_main
    GROUP BY now.game_id, now.player_id
  ),
  at_the_line AS (
    SELECT
      current_lines.*,
      quotes.* EXCEPT (game_date, game_id, player_id, as_of, line, implied_median),
      FIRST_VALUE(IF(over_price_american IS NULL, NULL, book)) OVER (
        PARTITION BY game_id, player_id ORDER BY over_price_american IS NULL, over_price_american DESC, book
      ) AS over_book,
      FIRST_VALUE(IF(under_price_american IS NULL, NULL, book)) OVER (
        PARTITION BY game_id, player_id ORDER BY under_price_american IS NULL, under_price_american DESC, book
      ) AS under_book,
    FROM current_lines
    JOIN quotes USING (game_id, player_id, as_of, line)
  )
SELECT
  game_date, game_id, player_id, line, opening_line, line_move, books,
  MAX(over_price_american) AS over_price_american,
  over_book,
  MAX(under_price_american) AS under_price_american,
  under_book,
  market_over_probability,
  implied_median,
  MAX(last_update) AS line_updated_at,
  at_the_line.as_of AS line_as_of,
  STRING_AGG(DISTINCT source, ';' ORDER BY source) AS line_source,
  @as_of AS as_of,
FROM at_the_line
LEFT JOIN moves USING (game_id, player_id)
GROUP BY
  game_date, game_id, player_id, line, opening_line, line_move, books, over_book, under_book,
  market_over_probability, implied_median, at_the_line.as_of
