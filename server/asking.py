"""The question of a surface as it stands in a URL: one dependency for every door of the heat engine."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends, Query, Request

from onemap.heat.ask import Ask
from server.state import state_of


def asking(
    surface: str,
    request: Request,
    window: Annotated[
        str,
        Query(description="2h, 24h, 7d … to now, or from/to; then @fri18-24 (days, hours); then ~1y, ~1w, ~1d back"),
    ] = "24h",
    category: Annotated[list[str] | None, Query(description="Categories of the surface; none: all")] = None,
    source: Annotated[list[str] | None, Query(description="Sources of the surface; none: all")] = None,
    severity: Annotated[list[int] | None, Query(description="1 (I) to 4 (IV), 0 is unknown; none: all")] = None,
    weight: Annotated[str, Query(description="count, or severity: I 8, II 4, III 2, IV 1")] = "count",
    decay: Annotated[
        float | None, Query(description="Half-life in hours of an exponential decay; none: no fading")
    ] = None,
    smooth: Annotated[int, Query(description="Rings of smoothing, 0 to 4")] = 0,
) -> Ask:
    """What is asked, unchecked: `tiles.heat.asked` checks it against the surface and the grant."""
    return Ask(
        surface=surface,
        window=window,
        categories=_once(category),
        sources=_once(source),
        severities=tuple(sorted(set(severity or ()))),
        weight=weight,
        half_life_h=decay,
        smooth=smooth,
        zone=state_of(request).settings.zone,
    )


def _once(given: list[str] | None) -> tuple[str, ...]:
    """Each once and in order, so that equal questions are one: an empty one asks for nothing in particular."""
    return tuple(sorted({one for one in given or () if one}))


Asking = Annotated[Ask, Depends(asking)]
