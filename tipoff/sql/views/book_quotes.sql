-- A pair beyond P(over) .3 to .7 is the tail of a ladder of alternate lines. Of a book's pairs the one with the most
-- balanced prices is its main line; of equally balanced ones the lowest or the highest, which is as good as random.
-- Pick'em operators pay every line the same: their lines count, but there is no price to bet at.
-- implied_median: the same formula as tipoff/market/implied_median.py; the quotient is Φ⁻¹ (Wichura's AS 241, PPND7).
WITH
  pairs AS (
    SELECT
      props.*,
      book IN ('prizepicks', 'underdog', 'pick6', 'betr_us_dfs') AS is_pickem,
      IF(
        over_price_american < 0,
        SAFE_DIVIDE(over_price_american, over_price_american - 100),
        SAFE_DIVIDE(100, over_price_american + 100)
      ) AS over_implied,
      IF(
        under_price_american < 0,
        SAFE_DIVIDE(under_price_american, under_price_american - 100),
        SAFE_DIVIDE(100, under_price_american + 100)
      ) AS under_implied,
      (STRPOS('02468', RIGHT(props.game_id, 1)) > 0) = (STRPOS('02468', RIGHT(player_id, 1)) > 0) AS takes_higher,
    FROM raw_player_props AS props
    JOIN raw_schedule AS games ON games.game_date = props.game_date AND games.game_id = props.game_id
    WHERE COALESCE(props.as_of < games.tip_off, TRUE)
      AND player_id IS NOT NULL
      AND over_price_american IS NOT NULL
      AND under_price_american IS NOT NULL
  ),
  quotes AS (
    SELECT
      *,
      SAFE_DIVIDE(over_implied, over_implied + under_implied) AS over_probability,
      0.180625 - POW(SAFE_DIVIDE(over_implied, over_implied + under_implied) - 0.5, 2) AS r,
    FROM pairs
    WHERE SAFE_DIVIDE(over_implied, over_implied + under_implied) BETWEEN 0.3 AND 0.7
  )
SELECT
  game_date, game_id, player_id, book, line,
  IF(is_pickem, NULL, over_price_american) AS over_price_american,
  IF(is_pickem, NULL, under_price_american) AS under_price_american,
  over_probability,
  line + 2.72 * POW(line, 1 / 3) * (over_probability - 0.5) * SAFE_DIVIDE(
    ((59.10937472 * r + 159.29113202) * r + 50.434271938) * r + 3.3871327179,
    ((67.1875636 * r + 78.757757664) * r + 17.895169469) * r + 1
  ) AS implied_median,
  ROW_NUMBER() OVER (
    PARTITION BY game_date, game_id, player_id, book, as_of
    ORDER BY ROUND(ABS(over_implied - under_implied), 6), IF(takes_higher, -line, line)
  ) = 1 AS is_main,
  takes_higher,
  last_update, source, as_of,
FROM quotes
