-- Which tills miss events?
SELECT store_id, terminal_id, sum(received) AS received, sum(missing) AS missing,
  sum(uncounted) AS uncounted
FROM gaps
GROUP BY store_id, terminal_id
ORDER BY missing DESC, store_id, terminal_id;
