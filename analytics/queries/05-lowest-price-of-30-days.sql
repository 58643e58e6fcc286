-- What is the lowest price at which each item was offered or sold in the last 30 days?
SELECT store_id, sku, currency, min(price) AS lowest_price
FROM (
  SELECT store_id, sku, currency, lowest_price_paid AS price, business_date FROM days
  UNION ALL
  SELECT store_id, sku, currency, price, business_date FROM offers WHERE NOT shadow
) prices
WHERE price > 0
  AND business_date > (SELECT max(business_date) FROM days) - INTERVAL '30' DAY
GROUP BY store_id, sku, currency
ORDER BY store_id, sku, currency;
