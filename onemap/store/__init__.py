"""PostGIS: tables, migrations, the private cluster, the change log and the hot SQL. Knows nothing of HTTP."""
