-- Alternate lines have unbalanced prices, so the two-sided line with the most balanced prices is the main line.
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
  )
SELECT
  game_date, game_id, player_id, book, line, over_price_american, under_price_american,
  SAFE_DIVIDE(over_implied, over_implied + under_implied) AS over_probability,
  source, as_of,
FROM quotes
QUALIFY ROW_NUMBER() OVER (
  PARTITION BY game_date, game_id, player_id, book, as_of ORDER BY ABS(over_implied - under_implied), line
) = 1
