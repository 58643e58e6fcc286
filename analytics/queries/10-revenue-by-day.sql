-- What did each store take on each day?
SELECT store_id, business_date, currency, sum(revenue) AS revenue
FROM sales_by_slot
GROUP BY store_id, business_date, currency
ORDER BY store_id, business_date, currency;
