-- When is what sold? By hour of the store's clock. A row without an hour is the rest of the days.
SELECT store_id, hour, currency, sum(sold) AS sold,
  sum(CASE WHEN price < regular_price THEN sold ELSE 0 END) AS sold_discounted,
  sum(revenue) AS revenue
FROM sales_by_slot
GROUP BY store_id, hour, currency
ORDER BY store_id, hour, currency;
