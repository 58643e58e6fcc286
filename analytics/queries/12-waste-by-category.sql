-- What is wasted, thrown away or past its life, as a share of what there was?
SELECT category, unit, sum(wasted) AS wasted, sum(expired) AS expired,
  round(CAST(sum(wasted + expired) AS DOUBLE)
    / nullif(CAST(sum(opening + received + transferred_in - transferred_out) AS DOUBLE), 0), 4)
    AS share
FROM days
GROUP BY category, unit
ORDER BY category, unit;
