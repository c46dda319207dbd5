"""What is reported in the demo city: codes of GB/T 47678.5-2026 with how often, when and where each occurs."""

from __future__ import annotations

from dataclasses import dataclass

CATALOGUE = "gbt47678.5-2026"


@dataclass(frozen=True)
class Near:
    """How a matter returns to where it was: this share follows an earlier one, some days after it, some metres away.

    What is swept up one day lies there again the next, and a kerb where one car stood draws another: near repeats, as
    they are found in the records of real cities.
    """

    share: float
    days: float
    metres: float


@dataclass(frozen=True)
class Matter:
    """One type of incident: its code, title, weight, severity odds (1-4), places, daily rhythm and typical sources.

    `near`: it comes again near where it was; None: each is drawn for itself.
    """

    kind: str
    code: str
    title: str
    weight: float
    severity: tuple[float, float, float, float]
    place: str
    rhythm: str
    source: str
    near: Near | None = None


_MILD = (0.0, 0.02, 0.28, 0.70)
_FAIR = (0.01, 0.09, 0.45, 0.45)
_GRAVE = (0.08, 0.32, 0.45, 0.15)

_AGAIN = Near(0.6, 1.5, 80.0)  # the same corner, the next days
_FLOOD = Near(0.6, 0.15, 120.0)  # the same storm, further along the street

MATTERS = (
    Matter("matter", "09009", "机动车乱停放", 13.0, _MILD, "street", "commute", "camera", _AGAIN),
    Matter("matter", "09010", "非机动车乱停放", 7.0, _MILD, "trade", "commute", "patrol", _AGAIN),
    Matter("matter", "09011", "共享单车乱象", 6.0, _MILD, "trade", "commute", "patrol", _AGAIN),
    Matter("matter", "09006", "占道经营", 7.5, _MILD, "trade", "market", "patrol", _AGAIN),
    Matter("matter", "09005", "店外经营", 6.0, _MILD, "trade", "day", "patrol"),
    Matter("matter", "09001", "无照经营游商", 5.0, _MILD, "trade", "evening", "12345"),
    Matter("matter", "09012", "占用消防通道", 4.0, _GRAVE, "home", "evening", "drone"),
    Matter("matter", "06010", "暴露垃圾", 8.0, _MILD, "home", "morning", "patrol", _AGAIN),
    Matter("matter", "06011", "积存垃圾渣土", 3.0, _FAIR, "works", "day", "drone"),
    Matter("matter", "06012", "道路不洁", 4.5, _MILD, "street", "morning", "patrol"),
    Matter("matter", "06013", "道路破损", 4.0, _FAIR, "street", "day", "12345"),
    Matter("matter", "06014", "道路遗撒（洒）", 2.5, _FAIR, "street", "night", "camera"),
    Matter("matter", "06028", "噪声扰民", 6.0, _MILD, "home", "night", "12345"),
    Matter("matter", "06029", "露天烧烤", 3.0, _FAIR, "trade", "night", "12345"),
    Matter("matter", "06027", "油烟污染", 2.5, _MILD, "trade", "evening", "12345"),
    Matter("matter", "06030", "乱倒乱排污水、废水", 1.6, _FAIR, "works", "night", "12345"),
    Matter("matter", "06026", "河道污染", 1.4, _FAIR, "water", "day", "drone"),
    Matter("matter", "06025", "水域不洁", 1.6, _MILD, "water", "day", "drone"),
    Matter("matter", "06020", "焚烧垃圾、树叶", 1.5, _FAIR, "village", "day", "drone"),
    Matter("matter", "06036", "乱堆杂物", 4.0, _MILD, "home", "day", "patrol", _AGAIN),
    Matter("matter", "06001", "私搭乱建", 1.8, _FAIR, "home", "day", "12345"),
    Matter("matter", "06042", "垃圾站（箱）满溢", 4.0, _MILD, "home", "morning", "iot", _AGAIN),
    Matter("matter", "06048", "边坡（挡土墙）破损", 0.8, _GRAVE, "village", "day", "patrol"),
    Matter("matter", "08001", "施工扰民", 3.0, _MILD, "home", "night", "12345"),
    Matter("matter", "08002", "施工占道", 2.0, _FAIR, "street", "day", "camera"),
    Matter("matter", "08004", "工地扬尘", 2.6, _FAIR, "works", "day", "iot"),
    Matter("matter", "07001", "非法小广告", 3.0, _MILD, "street", "day", "patrol", _AGAIN),
    Matter("matter", "07003", "违规户外广告", 1.2, _MILD, "trade", "day", "patrol"),
    Matter("part", "01002", "污水井盖", 1.2, _GRAVE, "street", "day", "patrol"),
    Matter("part", "01003", "雨水井盖", 1.0, _GRAVE, "street", "day", "patrol"),
    Matter("part", "01037", "路灯", 2.4, _MILD, "street", "night", "12345"),
    Matter("part", "02014", "交通信号灯", 0.8, _GRAVE, "street", "commute", "camera"),
    Matter("part", "02017", "交通护栏", 1.2, _FAIR, "street", "day", "camera"),
    Matter("part", "03005", "垃圾箱", 1.0, _MILD, "street", "day", "patrol"),
    Matter("part", "01076", "公用电梯", 0.9, _GRAVE, "tower", "commute", "12345"),
    Matter("part", "01046", "户外健身设施", 0.8, _MILD, "home", "day", "12345"),
)

STORM = (
    Matter("matter", "01004", "雨水箅子异常（路面积水）", 8.0, _GRAVE, "low", "flat", "iot", _FLOOD),
    Matter("matter", "04002", "行道树异常（树木倒伏）", 6.0, _GRAVE, "street", "flat", "12345"),
    Matter("matter", "02007", "地下通道异常（下穿积水）", 2.0, _GRAVE, "low", "flat", "camera", _FLOOD),
    Matter("matter", "10002", "架空线缆脱落", 2.4, _GRAVE, "home", "flat", "12345"),
    Matter("matter", "06048", "边坡（挡土墙）破损", 1.6, _GRAVE, "village", "flat", "patrol"),
    Matter("matter", "01003", "雨水井盖异常", 2.0, _GRAVE, "street", "flat", "patrol"),
)

# share of a day's reports in each hour; each row is normalised where it is used
RHYTHM: dict[str, tuple[float, ...]] = {
    "flat": (1.0,) * 24,
    "day": (0.2, 0.1, 0.1, 0.1, 0.1, 0.3, 1, 2, 4, 6, 6, 5, 3, 3.5, 5, 5.5, 5, 4, 3, 2, 1.4, 1, 0.6, 0.3),
    "morning": (0.2, 0.1, 0.1, 0.1, 0.3, 1.5, 4, 7, 8, 6, 4, 3, 2, 2, 2, 2, 2, 2, 2, 1.5, 1, 0.7, 0.4, 0.3),
    "commute": (0.3, 0.2, 0.1, 0.1, 0.2, 0.6, 2, 6, 8, 5, 3, 3, 3.5, 3, 3, 3, 4, 7, 8, 5, 3, 2, 1, 0.6),
    "market": (0.1, 0.1, 0.1, 0.3, 1.2, 3, 6, 7, 6, 4, 3, 2.5, 2, 1.6, 2, 3, 5, 7, 8, 7, 5, 3, 1, 0.3),
    "evening": (0.5, 0.2, 0.1, 0.1, 0.1, 0.2, 0.5, 1, 2, 2, 2.5, 3, 3, 2.5, 2.5, 3, 4, 6, 9, 10, 8, 6, 3, 1.2),
    "night": (3, 2, 1.2, 0.8, 0.5, 0.5, 1, 1.4, 1.5, 1.5, 1.5, 1.5, 1.6, 1.4, 1.5, 1.5, 2, 3, 5, 8, 10, 11, 9, 5),
}
WEEK = (1.05, 1.02, 1.0, 1.0, 1.08, 0.90, 0.82)
"""Share of each weekday, Monday first."""
