-- Alternate lines have unbalanced prices, so the two-sided line with the most balanced prices is the main line.
-- implied_median: the same formula as tipoff/market/implied_median.py; the quotient is Φ⁻¹ (Wichura's AS 241, PPND7).
WITH
  quotes AS (
    SELECT
      props.*,
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
    FROM raw_player_props AS props
    JOIN raw_schedule AS games ON games.game_date = props.game_date AND games.game_id = props.game_id
    WHERE COALESCE(props.as_of < games.tip_off, TRUE)
      AND player_id IS NOT NULL
      AND over_price_american IS NOT NULL
      AND under_price_american IS NOT NULL
  ),
  main_lines AS (
    SELECT *, SAFE_DIVIDE(over_implied, over_implied + under_implied) AS over_probability,
    FROM quotes
    QUALIFY ROW_NUMBER() OVER (
      PARTITION BY game_date, game_id, player_id, book, as_of ORDER BY ABS(over_implied - under_implied), line
    ) = 1
  ),
  centred AS (
    SELECT *, GREATEST(0.075, LEAST(0.925, over_probability)) - 0.5 AS q,
    FROM main_lines
  ),
  squared AS (
    SELECT *, 0.180625 - q * q AS r,
    FROM centred
  )
SELECT
  game_date, game_id, player_id, book, line, over_price_american, under_price_american, over_probability,
  line + 2.72 * POW(line, 1 / 3) * SAFE_DIVIDE(
    q * (((59.10937472 * r + 159.29113202) * r + 50.434271938) * r + 3.3871327179),
    ((67.1875636 * r + 78.757757664) * r + 17.895169469) * r + 1
  ) AS implied_median,
  source, as_of,
FROM squared
