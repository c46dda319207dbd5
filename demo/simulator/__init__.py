"""The simulator: devices of the demo city that speak only through the doors (MQTT, HTTP)."""
