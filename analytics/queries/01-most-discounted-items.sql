-- Which items were discounted most in the last week, by store?
SELECT store_id, sku, max(name) AS name, unit, currency,
  sum(sold_discounted) AS sold_discounted,
  sum(given_away) AS given_away
FROM days
WHERE business_date > (SELECT max(business_date) FROM days) - INTERVAL '7' DAY
  AND sold_discounted > 0
GROUP BY store_id, sku, unit, currency
ORDER BY store_id, given_away DESC, sku;
