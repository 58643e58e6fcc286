-- How many units an hour are sold at each step, while the item is on the shelf?
SELECT category, coalesce(discount_percent, 0) AS discount_percent, sum(sold) AS sold,
  round(CAST(sum(on_shelf_seconds) AS DOUBLE) / 3600, 2) AS shelf_hours,
  round(3600 * CAST(sum(sold) AS DOUBLE) / nullif(CAST(sum(on_shelf_seconds) AS DOUBLE), 0), 4)
    AS units_an_hour
FROM sales_by_slot
WHERE slot_starts_at IS NOT NULL AND hour >= 14
GROUP BY category, coalesce(discount_percent, 0)
ORDER BY category, discount_percent;
