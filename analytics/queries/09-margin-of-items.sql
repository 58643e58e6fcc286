-- What does each item earn after its cost and its waste, at today's costs of the catalogue?
SELECT days.store_id, days.sku, max(items.name) AS name, days.currency,
  sum(days.revenue) AS revenue,
  sum(days.revenue - items.cost * (days.sold - days.returned + days.wasted + days.expired))
    AS margin
FROM days JOIN items
  ON items.store_id = days.store_id AND items.sku = days.sku AND items.currency = days.currency
GROUP BY days.store_id, days.sku, days.currency
ORDER BY days.store_id, days.sku, days.currency;
