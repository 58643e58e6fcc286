-- How reliable were the tills' events behind the decisions?
SELECT arm, trust, shadow, count(*) AS revisions,
  count(DISTINCT CAST(business_date AS VARCHAR) || '/' || store_id || '/' || sku) AS offers
FROM offers
GROUP BY arm, trust, shadow
ORDER BY arm, trust, shadow;
