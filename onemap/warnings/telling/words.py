"""A warning in the words of CAP 1.2: what kind, how urgent, how severe, how certain, what to do. Never Unknown."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

#: Longest event name that other systems show whole.
EVENT_CHARACTERS = 35


@dataclass(frozen=True)
class Kind:
    """A kind of warning: its CAP categories and its event's names."""

    category: str
    zh: str
    en: str


KINDS: dict[str, Kind] = {
    "geohazard": Kind("Geo", "地质灾害", "Geologic hazard"),
    "rain": Kind("Met", "暴雨", "Heavy rain"),
    "flood": Kind("Met", "洪涝", "Flood"),
    "fire": Kind("Fire", "火灾", "Fire"),
    "fence": Kind("Safety", "围栏告警", "Geofence alarm"),
    "feed": Kind("Infra", "监测数据中断", "Monitoring outage"),
    "other": Kind("Other", "突发事件", "Emergency"),
}
#: No standard gives a colour's severity; this is ours, and each message says the colour beside it.
SEVERITY = {1: "Extreme", 2: "Severe", 3: "Moderate", 4: "Minor"}
LEVEL_OF = {"Extreme": 1, "Severe": 2, "Moderate": 3, "Minor": 4, "Unknown": 4}
COLOURS = {1: ("红色", "Red"), 2: ("橙色", "Orange"), 3: ("黄色", "Yellow"), 4: ("蓝色", "Blue")}
ROMAN = {1: "I", 2: "II", 3: "III", 4: "IV"}
HEX = {1: "#d7263d", 2: "#f3722c", 3: "#f9c74f", 4: "#3a86ff"}
RESPONSES = {1: ("Evacuate",), 2: ("Prepare", "Avoid"), 3: ("Prepare", "Monitor"), 4: ("Monitor",)}
#: What the public is asked to do where nobody says it better: teams read theirs in their alerts.
INSTRUCTIONS = {
    1: ("立即撤离危险区域，听从现场指挥，预警解除前不要返回。",
        "Leave the danger zone at once, follow those on site, and do not return before the warning ends."),
    2: ("远离危险区域，做好撤离准备，听从现场指挥。",
        "Keep away from the danger zone, be ready to leave, and follow those on site."),
    3: ("避免进入危险区域，做好撤离准备，留意后续通知。",
        "Do not enter the danger zone, prepare to leave, and watch for further notices."),
    4: ("留意周边变化和后续通知。", "Watch your surroundings and further notices."),
}  # fmt: skip
OVER = ("预警已解除，请按现场安排恢复正常活动。", "The warning is over. Resume activities as arranged on site.")
_SOON, _LATER = timedelta(hours=1), timedelta(hours=6)


def kind_of(kind: str | None) -> Kind:
    """The kind's words; "other" for one that is not known."""
    return KINDS.get(kind or "", KINDS["other"])


def kind_from(categories: list[str], event: str) -> str:
    """The kind of warning that a CAP message of others is."""
    text = event.lower()
    for kind, words in (
        ("flood", ("flood", "洪", "涝", "inundation")),
        ("rain", ("rain", "暴雨", "强降", "thunderstorm", "typhoon", "台风", "storm")),
        ("geohazard", ("地质", "滑坡", "泥石流", "landslide", "debris", "earthquake", "地震")),
        ("fire", ("fire", "火")),
    ):
        if any(word in text for word in words):
            return kind
    return {"Geo": "geohazard", "Met": "rain", "Fire": "fire"}.get(categories[0] if categories else "", "other")


def urgency(level: int, sent: datetime, onset: datetime | None, *, over: bool) -> str:
    """How soon to act: by the onset where it is known, else by the level."""
    if over:
        return "Past"
    if onset is not None and onset > sent:
        ahead = onset - sent
        return "Immediate" if ahead <= _SOON else "Expected" if ahead <= _LATER else "Future"
    return {1: "Immediate", 2: "Immediate", 3: "Expected", 4: "Future"}[level]


def certainty(source: str | None, sent: datetime, onset: datetime | None, cause: Mapping[str, Any]) -> str:
    """How sure it is: what others said of their own message; measured is observed; what lies ahead is likely."""
    said = cause.get("certainty")
    if said in ("Observed", "Likely", "Possible", "Unlikely"):
        return str(said)
    if onset is not None and onset > sent:
        return "Likely"
    return "Observed" if source in ("threshold", "rule", "fence", "drill") else "Likely"


def event(kind: str | None, *, english: bool) -> str:
    """The event's name, at most `EVENT_CHARACTERS` long."""
    found = kind_of(kind)
    return (found.en if english else found.zh)[:EVENT_CHARACTERS]
