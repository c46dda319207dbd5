-- Since when a layer's past is known: when its first row came; NULL for a layer that never had one. Ids count upwards.
SELECT least(
  (SELECT t.sys_from FROM {table} t ORDER BY t.id LIMIT 1),
  (SELECT h.sys_from FROM {history} h ORDER BY h.id, h.sys_to LIMIT 1)
) AS since
