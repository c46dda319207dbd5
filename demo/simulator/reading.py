"""What each instrument reads: the models of weather.py joined to one datastream, with its own noise."""

from __future__ import annotations

from demo.simulator import weather as model
from demo.simulator.scene import Scene, Stream
from demo.simulator.weather import Weather, chance, wobble


class Instruments:
    """Readings of all datastreams under one weather."""

    def __init__(self, scene: Scene, weather: Weather) -> None:
        """Work out each slope's susceptibility once."""
        self.weather = weather
        self.slope = {key: scene.susceptibility(key) for key in scene.hazards}
        # the river answers the rain on the hills, not the rain on the gauge
        spots = list(scene.hazards.values())
        self.upstream = (sum(x for x, _ in spots) / len(spots), sum(y for _, y in spots) / len(spots))

    def value(self, stream: Stream, t: float) -> float:
        """One reading at scenario time t, in the datastream's unit, rounded as the instrument reports it."""
        w, x, y = self.weather, stream.x, stream.y
        noise = wobble(stream.key, t, 45.0)
        own = chance("own", stream.key)
        slope = self.slope.get(stream.hazard_key or "", 0.0)
        match stream.prop:
            case "rain_intensity":
                return round(max(0.0, w.rain(t, x, y) * (1 + 0.05 * noise)), 1)
            case "rain_24h":
                return round(4.0 * own + w.fallen_mm(t, x, y), 1)
            case "crack_rate":
                return round(
                    max(0.0, model.crack_rate(slope * (0.85 + 0.15 * own), w.wetness(t, x, y)) + 0.05 * noise), 2
                )
            case "crack_width":
                opened = 0.5 * t * model.crack_rate(slope, w.wetness(t, x, y)) / 86_400
                return round(6.0 + 30.0 * own + opened + 0.02 * noise, 2)
            case "tilt_rate":
                return round(max(0.0, model.tilt_rate(slope * 0.8, w.wetness(t, x, y)) + 0.002 * noise), 4)
            case "displacement_rate":
                return round(max(0.0, model.displacement_rate(slope * 0.8, w.wetness(t, x, y)) + 0.2 * noise), 2)
            case "soil_moisture":
                return round(model.soil_moisture(21.0 + 8.0 * own, w.wetness(t, x, y)) + 0.3 * noise, 1)
            case "water_level":
                usual = (stream.enter_iv or 60.0) - 1.2
                rise = model.river_rise(w.wetness(t - 30.0, *self.upstream)) * (0.7 + 0.3 * own)
                return round(usual + rise + 0.03 * noise, 2)
            case "water_depth":
                return round(max(0.0, model.street_water(own**2, w.wetness(t, x, y)) + 0.004 * noise), 3)
            case "smoke_density":
                return round(max(0.0, 0.02 + 0.02 * own + 0.008 * noise), 3)
        raise ValueError(f"no model for property {stream.prop!r}")


def period_s(stream: Stream, storm: bool) -> float:
    """Seconds between two readings: instruments in a storm report more often, as real ones are set to."""
    if storm and stream.prop in ("rain_intensity", "crack_rate"):
        return 10.0
    if storm and stream.prop in ("water_level", "water_depth", "tilt_rate"):
        return 20.0
    return 60.0
