-- A book that repeats at least three quarters of another one's quotes is not a second opinion: where both quote a player,
-- the first by name counts. A median between two lines is the one nearer to the implied median, so it is a quoted line.
WITH
  sizes AS (
    SELECT game_date, game_id, book, as_of, COUNT(*) AS quotes,
    FROM book_quotes
    GROUP BY game_date, game_id, book, as_of
  ),
  shared AS (
    SELECT ours.game_date, ours.game_id, ours.as_of, ours.book, theirs.book AS other, COUNT(*) AS quotes,
    FROM book_quotes AS ours
    JOIN book_quotes AS theirs
      ON theirs.game_date = ours.game_date
      AND theirs.game_id = ours.game_id
      AND theirs.player_id = ours.player_id
      AND theirs.as_of = ours.as_of
      AND theirs.line = ours.line
      AND theirs.over_price_american = ours.over_price_american
      AND theirs.under_price_american = ours.under_price_american
      AND theirs.book < ours.book
    GROUP BY ours.game_date, ours.game_id, ours.as_of, ours.book, theirs.book
    HAVING COUNT(*) >= 5
  ),
  copies AS (
    SELECT shared.game_date, shared.game_id, shared.as_of, shared.book, shared.other,
    FROM shared
    JOIN sizes AS ours
      ON ours.game_date = shared.game_date
      AND ours.game_id = shared.game_id
      AND ours.as_of = shared.as_of
      AND ours.book = shared.book
    JOIN sizes AS theirs
      ON theirs.game_date = shared.game_date
      AND theirs.game_id = shared.game_id
      AND theirs.as_of = shared.as_of
      AND theirs.book = shared.other
    WHERE shared.quotes >= 0.75 * GREATEST(ours.quotes, theirs.quotes)
  ),
  repeated AS (
    SELECT DISTINCT copies.game_date, copies.game_id, copies.as_of, copies.book, originals.player_id,
    FROM copies
    JOIN book_quotes AS originals
      ON originals.game_date = copies.game_date
      AND originals.game_id = copies.game_id
      AND originals.as_of = copies.as_of
      AND originals.book = copies.other
  ),
  independent AS (
    SELECT quotes.*,
    FROM book_quotes AS quotes
    LEFT JOIN repeated
      ON repeated.game_date = quotes.game_date
      AND repeated.game_id = quotes.game_id
      AND repeated.as_of = quotes.as_of
      AND repeated.book = quotes.book
      AND repeated.player_id = quotes.player_id
    WHERE repeated.book IS NULL
  ),
  main_lines AS (
    SELECT
      *,
      ROW_NUMBER() OVER (PARTITION BY game_date, game_id, player_id, as_of ORDER BY line, book) AS position,
      COUNT(*) OVER (PARTITION BY game_date, game_id, player_id, as_of) AS books,
    FROM independent
    WHERE is_main
  ),
  medians AS (
    SELECT
      game_date, game_id, player_id, as_of, books, takes_higher,
      MAX(IF(2 * position <= books + 1, line, NULL)) AS lower,
      MIN(IF(2 * position > books, line, NULL)) AS upper,
      AVG(implied_median) AS implied_median,
    FROM main_lines
    GROUP BY game_date, game_id, player_id, as_of, books, takes_higher
  ),
  consensus AS (
    SELECT
      *,
      CASE SIGN(ROUND(2 * implied_median - lower - upper, 6))
        WHEN 1 THEN upper
        WHEN 0 THEN IF(takes_higher, upper, lower)
        ELSE lower
      END AS line,
    FROM medians
  )
SELECT
  game_date, game_id, player_id, line, books,
  AVG(over_probability) AS over_probability,
  consensus.implied_median,
  as_of,
FROM consensus
JOIN independent USING (game_date, game_id, player_id, as_of, line)
GROUP BY game_date, game_id, player_id, line, books, consensus.implied_median, as_of
