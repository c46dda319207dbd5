-- Rain of past hours as it was added up before.
SELECT sensor_key, hour, mm FROM onemap.risk_rain WHERE hour >= %(since)s ORDER BY 1, 2
