-- What do the arms of the experiment do? The figures of daymark effect, without intervals.
SELECT arm, currency,
  count(*) AS item_days,
  sum(on_hand) AS on_hand,
  round(CAST(sum(sold) AS DOUBLE) / nullif(CAST(sum(to_sell) AS DOUBLE), 0), 6) AS sell_through,
  sum(wasted) AS waste_units_total,
  sum(waste_cost) AS waste_cost_total,
  sum(revenue) AS revenue_total,
  sum(margin) AS margin_total,
  round(avg(CAST(wasted AS DOUBLE)), 6) AS waste_units,
  round(avg(CAST(waste_cost AS DOUBLE)), 6) AS waste_cost,
  round(avg(CAST(revenue AS DOUBLE)), 6) AS revenue,
  round(avg(CAST(margin AS DOUBLE)), 6) AS margin,
  round(CAST(sum(discount_units) AS DOUBLE) / nullif(CAST(sum(rung_up) AS DOUBLE), 0), 6)
    AS average_discount,
  round(CAST(sum(discounted) AS DOUBLE) / nullif(CAST(sum(rung_up) AS DOUBLE), 0), 6)
    AS sold_discounted,
  round(avg(CASE WHEN sold_out THEN 1.0E0 ELSE 0.0E0 END), 6) AS sold_out
FROM experiment
GROUP BY arm, currency
ORDER BY arm, currency;
