-- What are all closed days of all items, with the names of the stores, for a spreadsheet?
SELECT stores.name AS store_name, days.*
FROM days LEFT JOIN stores ON stores.store_id = days.store_id
ORDER BY days.store_id, business_date, sku;
