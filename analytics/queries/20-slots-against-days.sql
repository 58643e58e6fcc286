-- Do the slots add up to the days? Expected: no row.
SELECT days.store_id, days.business_date, days.sku, days.sold - days.returned AS sold, slots.sold
  AS sold_in_slots, days.revenue, slots.revenue AS revenue_in_slots
FROM days LEFT JOIN (
  SELECT store_id, business_date, sku, currency, sum(sold) AS sold, sum(revenue) AS revenue
  FROM sales_by_slot GROUP BY store_id, business_date, sku, currency
) slots
  ON slots.store_id = days.store_id AND slots.business_date = days.business_date
  AND slots.sku = days.sku AND slots.currency = days.currency
WHERE coalesce(slots.sold, 0) <> days.sold - days.returned
  OR coalesce(slots.revenue, 0) <> coalesce(days.revenue, 0)
ORDER BY days.store_id, days.business_date, days.sku;
