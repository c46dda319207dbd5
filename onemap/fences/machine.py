"""How one object stands to one fence, and when that changes: a small machine over believed fixes, pure and compiled.

*Probability.* `accuracy_m` is the radius of the circle that holds the true place with 68 % (what Android calls
"radius of 68% confidence", Location.getAccuracy; sources that mean 95 % are converted where they come in). With a
circular normal error the distance from the true place follows Rayleigh: P(r <= R) = 1 - exp(-R²/2σ²), so
σ = R / √(-2 ln 0.32) = R / 1.5096. The part of the error across a border is normal with that σ, hence the
probability of being inside is Φ(-d/σ) of the signed distance d to the border (negative inside): exact for a straight
border, and close to it wherever the border is straight over a few σ. A fence narrower than σ looks more likely than it
is by this formula; both limits are the author's to set.

*Hysteresis.* An object comes in at `enter_p` and goes out at `exit_p`; between the two it stays what it was. A fix that
says so is taken at its word when it is sure (ten times less doubt than the limit leaves), else the next one has to say
it too: a receiver at the border that jitters by its own error then comes and goes once, not twenty times.
"""

from __future__ import annotations

import math

from numba import njit

OUTSIDE, APPROACHING, INSIDE, DWELLING = 0, 1, 2, 3
STATE_NAMES = ("outside", "approaching", "inside", "dwelling")
#: A state in doubt, because the last fix spoke against it, is -(state + 1); outside in doubt and unseen before is this.
UNSEEN_DOUBT = -5

#: Codes of events; 0 is none. WITHDREW (approaching no longer) is told to those who hold warnings, and never written.
APPROACH, ENTER, EXIT, DWELL, CROSS, APPEARED, ABSENT, CREATED, EXPIRED, WITHDREW = range(1, 11)
EVENT_NAMES = (
    "", "approach", "enter", "exit", "dwell", "cross", "appeared_inside", "absent_when_due", "fence_created",
    "fence_expired", "withdrew",
)  # fmt: skip

#: √(-2 ln(1 - 0.68)): from the 68 % radius to the σ of each axis.
SIGMAS_IN_ACCURACY = math.sqrt(-2.0 * math.log(1.0 - 0.68))
#: An object that does not say how well it knows its place: consumer receivers under open sky keep within this.
UNKNOWN_ACCURACY_M = 10.0
#: No receiver of a city's fleet is trusted beyond this, whatever it says.
LEAST_ACCURACY_M = 1.0
#: A fix this vague says nothing about a fence; it is counted and changes nothing.
VAGUE_M = 1_000.0
#: After this much silence nobody knows the way between: an object found inside has appeared there.
SILENCE_S = 600.0
#: So many consistent fixes that were not believed are a new truth.
NEW_TRUTH = 3
#: A line between two fixes is taken as the way only over so short a time and distance.
CROSS_S, CROSS_M = 120.0, 2_000.0
#: A fix is sure when it leaves this share of the doubt that the limit allows.
SURE = 0.1
#: An approaching object has turned away once it is this much further than where approaching begins.
AWAY = 1.25
#: The clock closes what no fix closes, after fixes had this long to come.
LATE_S = 5.0

_SQRT2 = math.sqrt(2.0)


@njit(cache=True, nogil=True)
def sigma_of(accuracy_m: float) -> float:
    """σ in metres of each axis, from the 68 % radius; one that is not known (negative, NaN) is UNKNOWN_ACCURACY_M."""
    if not accuracy_m >= 0.0:
        accuracy_m = UNKNOWN_ACCURACY_M
    return max(accuracy_m, LEAST_ACCURACY_M) / SIGMAS_IN_ACCURACY


@njit(cache=True, nogil=True)
def probability(distance_m: float, sigma_m: float) -> float:
    """Φ(-d/σ): of being inside at a signed distance from the border."""
    return 0.5 * math.erfc(distance_m / (sigma_m * _SQRT2))


@njit(cache=True, nogil=True)
def real(state: int) -> int:
    """The state without its doubt."""
    if state >= 0:
        return state
    return OUTSIDE if state == UNSEEN_DOUBT else -state - 1


@njit(cache=True, nogil=True)
def step(
    state: int,
    since_s: float,
    at_s: float,
    distance_m: float,
    p: float,
    enter_p: float,
    exit_p: float,
    approach_m: float,
    dwell_s: float,
    unseen: bool,
) -> tuple[int, float, int]:
    """The state after a believed fix, since when, and the event.

    `since_s` is when it came in (inside, dwelling) or began to approach. `unseen`: nobody saw it come, because this is
    its first fix, or the first after a long silence.
    """
    doubted, unseen = state < 0, unseen or state == UNSEEN_DOUBT
    state = real(state)
    if state >= INSIDE:
        if p <= exit_p:
            if not doubted and p > exit_p * SURE:
                return -(state + 1), since_s, 0
            if approach_m > 0.0 and distance_m <= approach_m:
                return APPROACHING, at_s, EXIT
            return OUTSIDE, at_s, EXIT
        if state == INSIDE and dwell_s > 0.0 and at_s - since_s >= dwell_s:
            return DWELLING, since_s, DWELL
        return state, since_s, 0
    if p >= enter_p:
        if not doubted and 1.0 - p > (1.0 - enter_p) * SURE:
            return UNSEEN_DOUBT if unseen and state == OUTSIDE else -(state + 1), since_s, 0
        return INSIDE, at_s, APPEARED if unseen else ENTER
    if state == APPROACHING:
        if distance_m > approach_m * AWAY:
            return OUTSIDE, at_s, WITHDREW
        return APPROACHING, since_s, 0
    if approach_m > 0.0 and distance_m <= approach_m:
        return APPROACHING, at_s, APPROACH
    return OUTSIDE, since_s, 0
