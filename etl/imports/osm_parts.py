"""Which OpenStreetMap tags are managed parts, and of which class of GB/T 47678.5-2026: a table, not branches.

Only what the tag's own meaning says plainly: parking grounds, mixed recycling, masts and monuments could be several
classes or none, and are left out.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple


class Rule(NamedTuple):
    """A tag and its class ("" is no part); `when` is a second tag that must be there; `drawn`: it may be an area or a
    short line too, and then stands at its middle."""

    key: str
    value: str  # "*" is any but "no"
    code: str
    when: tuple[str, str] | None = None
    drawn: bool = False


#: In order: the first key that a thing has decides, and of its rules the first that fits.
RULES: tuple[Rule, ...] = (
    # A hatch into the ground, by what lies below.
    Rule("man_made", "manhole", "01004", ("inlet", "grate")),
    Rule("man_made", "manhole", "01001", ("manhole", "water")),
    Rule("man_made", "manhole", "01002", ("manhole", "sewer")),
    Rule("man_made", "manhole", "01003", ("manhole", "drain")),
    Rule("man_made", "manhole", "01003", ("manhole", "rainwater")),
    Rule("man_made", "manhole", "01005", ("manhole", "power")),
    Rule("man_made", "manhole", "01007", ("manhole", "telecom")),
    Rule("man_made", "manhole", "01010", ("manhole", "heat")),
    Rule("man_made", "manhole", "01011", ("manhole", "gas")),
    Rule("man_made", "manhole", "01023"),
    Rule("man_made", "street_cabinet", "01027", ("street_cabinet", "telecom"), drawn=True),
    Rule("man_made", "street_cabinet", "01060", ("street_cabinet", "street_lighting"), drawn=True),
    Rule("man_made", "utility_pole", "01030", ("utility", "power")),
    Rule("man_made", "utility_pole", "01031", ("utility", "telecom")),
    Rule("man_made", "utility_pole", "01034"),
    Rule("man_made", "flagpole", "01035"),
    Rule("man_made", "water_tower", "01063", drawn=True),
    Rule("man_made", "water_well", "01024", drawn=True),
    Rule("man_made", "water_tap", "01025"),
    Rule("man_made", "planter", "04005", drawn=True),
    Rule("man_made", "monitoring_station", "03009", ("monitoring:weather", "yes"), drawn=True),
    Rule("man_made", "monitoring_station", "03010", ("monitoring:air_quality", "yes"), drawn=True),
    Rule("highway", "street_lamp", "01037"),
    Rule("highway", "traffic_signals", "02014"),
    Rule("highway", "bus_stop", "02004"),
    Rule("highway", "traffic_mirror", "02033"),
    Rule("highway", "elevator", "01076", drawn=True),
    Rule("emergency", "fire_hydrant", "01013"),
    Rule("emergency", "phone", "01066"),
    Rule("amenity", "waste_basket", "03005"),
    Rule("amenity", "waste_disposal", "03005", drawn=True),
    Rule("amenity", "toilets", "03001", drawn=True),
    Rule("amenity", "bench", "04007", drawn=True),
    Rule("amenity", "post_box", "01042"),
    Rule("amenity", "telephone", "01041"),
    Rule("amenity", "drinking_water", "01025"),
    Rule("amenity", "charging_station", "01054", drawn=True),
    Rule("amenity", "bicycle_rental", "02026", drawn=True),
    Rule("amenity", "bicycle_parking", "02025", drawn=True),
    Rule("amenity", "taxi", "02005", drawn=True),
    Rule("amenity", "fuel", "05003", drawn=True),
    Rule("amenity", "fountain", "04010", drawn=True),
    Rule("amenity", "parcel_locker", "01075", drawn=True),
    Rule("amenity", "vending_machine", "02003", ("vending", "parking_tickets")),
    Rule("amenity", "vending_machine", "03015", ("vending", "excrement_bags")),
    Rule("amenity", "vending_machine", "01075", ("vending", "parcel_pickup")),
    Rule("amenity", "vending_machine", "01045"),
    Rule("leisure", "fitness_station", "01046", drawn=True),
    Rule("advertising", "*", "03006", drawn=True),
    Rule("barrier", "bollard", "02021"),
    Rule("traffic_calming", "bump", "02043"),
    Rule("traffic_calming", "hump", "02043"),
    Rule("traffic_calming", "cushion", "02043"),
    Rule("traffic_calming", "island", "02019"),
    Rule("traffic_sign", "*", "02010"),
    Rule("railway", "level_crossing", "02028"),
    Rule("power", "tower", "01047"),
    Rule("power", "pole", "01030"),
    Rule("power", "transformer", "01048", drawn=True),
    Rule("artwork_type", "sculpture", "04006", drawn=True),
    Rule("artwork_type", "statue", "04006", drawn=True),
    # Trees of orchards and fields are nobody's street furniture.
    Rule("natural", "tree", "", ("denotation", "agricultural")),
    Rule("natural", "tree", "04001", ("denotation", "natural_monument")),
    Rule("natural", "tree", "04002", ("denotation", "avenue")),
    Rule("natural", "tree", "04002", ("denotation", "urban")),
    Rule("natural", "tree", "04003"),
)

#: The keys a thing must have one of, in the order of the rules.
KEYS: tuple[str, ...] = tuple(dict.fromkeys(rule.key for rule in RULES))
_BY_TAG: dict[tuple[str, str], tuple[Rule, ...]] = {}
for _rule in RULES:
    _BY_TAG[_rule.key, _rule.value] = (*_BY_TAG.get((_rule.key, _rule.value), ()), _rule)


def rule_of(tags: Mapping[str, str]) -> Rule | None:
    """Return the rule by which a thing of these tags is a part, None if it is none."""
    for key in KEYS:
        value = tags.get(key)
        if value is None:
            continue
        rules = _BY_TAG.get((key, value)) or (_BY_TAG.get((key, "*"), ()) if value != "no" else ())
        for rule in rules:
            if rule.when is None or tags.get(rule.when[0]) == rule.when[1]:
                return rule if rule.code else None
    return None
