INSERT INTO terrain_run (id, inputs, cells, model, at) VALUES (1, %(inputs)s, %(cells)s, %(model)s, %(at)s)
ON CONFLICT (id) DO UPDATE SET inputs = excluded.inputs, cells = excluded.cells, model = excluded.model, at = excluded.at
