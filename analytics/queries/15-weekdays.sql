-- What is sold on each day of the week? 0 is Monday.
SELECT store_id, weekday, currency, count(DISTINCT business_date) AS dates,
  sum(sold - returned) AS sold, sum(revenue) AS revenue
FROM (
  SELECT days.*, date_diff('day', DATE '2024-01-01', business_date) % 7 AS weekday FROM days
) weekdays
GROUP BY store_id, weekday, currency
ORDER BY store_id, weekday, currency;
