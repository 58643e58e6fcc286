-- How much less is wasted than under the control rule? The plain difference of the means, over the
-- item-days of the policy. daymark effect also adjusts it for the stock, and has intervals.
SELECT policy.item_days, policy.waste AS waste, policy.waste_cost AS waste_cost, policy.currency,
  round(policy.item_days * (control.mean_waste - policy.mean_waste), 3) AS waste_avoided,
  round(policy.item_days * (control.mean_cost - policy.mean_cost), 2) AS waste_cost_avoided
FROM (
  SELECT currency, count(*) AS item_days, sum(wasted) AS waste, sum(waste_cost) AS waste_cost,
    avg(CAST(wasted AS DOUBLE)) AS mean_waste, avg(CAST(waste_cost AS DOUBLE)) AS mean_cost
  FROM experiment WHERE arm = 'policy' GROUP BY currency
) policy
LEFT JOIN (
  SELECT currency, avg(CAST(wasted AS DOUBLE)) AS mean_waste,
    avg(CAST(waste_cost AS DOUBLE)) AS mean_cost
  FROM experiment WHERE arm = 'control' GROUP BY currency
) control ON control.currency = policy.currency
ORDER BY policy.currency;
