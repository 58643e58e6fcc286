-- Do the windows end at the closing stock of the days? Expected: no row.
SELECT days.store_id, days.business_date, days.sku, days.closing, last_window.on_hand
FROM days JOIN (
  SELECT store_id, business_date, sku, max_by(on_hand, window_starts_at) AS on_hand
  FROM stock GROUP BY store_id, business_date, sku
) last_window
  ON last_window.store_id = days.store_id AND last_window.business_date = days.business_date
  AND last_window.sku = days.sku
WHERE last_window.on_hand <> days.closing
ORDER BY days.store_id, days.business_date, days.sku;
