-- The consensus line of a player is the lower median of the books' main lines in the latest snapshot of the game; the
-- opening line is the same in the first snapshot with the player.
WITH
  known AS (
    SELECT
      *,
      PERCENTILE_DISC(line, 0.5) OVER (PARTITION BY game_id, player_id, as_of) AS consensus,
      COUNT(*) OVER (PARTITION BY game_id, player_id, as_of) AS books,
      MIN(as_of) OVER (PARTITION BY game_id, player_id) AS opened_at,
      MAX(as_of) OVER (PARTITION BY game_id) AS latest_at,
    FROM book_main_lines
    WHERE game_date BETWEEN @first_date AND @last_date
      AND (ARRAY_LENGTH(@game_ids) = 0 OR game_id IN UNNEST(@game_ids))
      AND as_of <= @as_of
  ),
  medians AS (
    SELECT game_id, player_id, AVG(implied_median) AS implied_median,
    FROM known
    WHERE as_of = latest_at
    GROUP BY game_id, player_id
  ),
  openings AS (
    SELECT game_id, player_id, ANY_VALUE(consensus) AS opening_line,
    FROM known
    WHERE as_of = opened_at
    GROUP BY game_id, player_id
  ),
  at_the_line AS (
    SELECT
      * EXCEPT (implied_median),
      FIRST_VALUE(book) OVER (PARTITION BY game_id, player_id ORDER BY over_price_american DESC, book) AS over_book,
      FIRST_VALUE(book) OVER (PARTITION BY game_id, player_id ORDER BY under_price_american DESC, book) AS under_book,
    FROM known
    WHERE as_of = latest_at
      AND line = consensus
  )
SELECT
  game_date, game_id, player_id, line, opening_line,
  line - opening_line AS line_move,
  books,
  MAX(over_price_american) AS over_price_american,
  over_book,
  MAX(under_price_american) AS under_price_american,
  under_book,
  AVG(over_probability) AS market_over_probability,
  medians.implied_median,
  at_the_line.as_of AS line_as_of,
  STRING_AGG(DISTINCT source, ';' ORDER BY source) AS line_source,
  @as_of AS as_of,
FROM at_the_line
JOIN openings USING (game_id, player_id)
JOIN medians USING (game_id, player_id)
GROUP BY
  game_date, game_id, player_id, line, opening_line, books, over_book, under_book, medians.implied_median,
  at_the_line.as_of
