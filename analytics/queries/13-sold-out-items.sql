-- Which items are sold out before the close, and on which share of their days?
SELECT store_id, sku, max(name) AS name, count(*) AS days, count(sold_out_at) AS sold_out_days,
  round(CAST(count(sold_out_at) AS DOUBLE) / count(*), 4) AS share
FROM days
GROUP BY store_id, sku
ORDER BY share DESC, store_id, sku;
