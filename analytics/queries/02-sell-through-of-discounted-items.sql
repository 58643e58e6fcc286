-- How much of the stock of discounted items was sold? An item-day counts if it had an offer or a
-- sale below the regular price.
SELECT store_id, sku, max(name) AS name, unit, count(*) AS item_days,
  sum(opening + received + transferred_in - transferred_out) AS to_sell,
  sum(sold - returned) AS sold,
  round(CAST(sum(sold - returned) AS DOUBLE)
    / nullif(CAST(sum(opening + received + transferred_in - transferred_out) AS DOUBLE), 0), 4)
    AS sell_through
FROM days
WHERE sold_discounted > 0 OR offers > 0
GROUP BY store_id, sku, unit
ORDER BY store_id, sku, unit;
