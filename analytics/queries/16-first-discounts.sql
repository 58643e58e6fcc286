-- When does the first discount of an item come, and how deep is it?
SELECT store_id, category, count(*) AS item_days,
  round(avg(extract(HOUR FROM valid_from_local) + extract(MINUTE FROM valid_from_local) / 60.0E0), 2)
    AS hour,
  round(avg(CAST(discount_percent AS DOUBLE)), 1) AS discount_percent
FROM offers
WHERE revision = 1 AND NOT shadow
GROUP BY store_id, category
ORDER BY store_id, category;
