-- What did each offer earn against what was expected of it? The revisions of an item add up.
SELECT store_id, business_date, sku, currency, count(*) AS revisions,
  max(discount_percent) AS discount_percent,
  sum(expected_units) AS expected_units, sum(sold) AS sold,
  sum(expected_revenue) AS expected_revenue, sum(revenue) AS revenue,
  sum(revenue) - sum(expected_revenue) AS difference
FROM offer_outcomes
GROUP BY store_id, business_date, sku, currency
ORDER BY store_id, business_date, sku, currency;
