-- Every cell where something of the surface was ever counted.
SELECT DISTINCT cell FROM onemap.heat_event WHERE surface = %(surface)s
