-- What did each category take, and how much of it was sold below the regular price?
SELECT category, unit, currency, sum(revenue) AS revenue, sum(sold) AS sold,
  sum(sold_discounted) AS sold_discounted, sum(given_away) AS given_away
FROM days
GROUP BY category, unit, currency
ORDER BY category, unit, currency;
