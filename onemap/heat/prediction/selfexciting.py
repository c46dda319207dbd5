"""A self-exciting point process on the H3 lattice: fitted by declustering, chosen by held-out likelihood.

Expected events of cell c in hour h: level(h) · [trend(h) · background(c) + Σ over earlier events of productivity ·
delay kernel · ring kernel]. The expectation step gives each event the probability that it came by itself and the
probabilities of its causes, the maximisation step counts them (Marsan & Lengliné 2008; Mohler et al. 2011; for the
hours of the week on both parts Zhuang & Mateu 2019). The background of an event is taken without the event itself.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt

from onemap.heat.discs import Discs, disc_sums
from onemap.heat.prediction import aftermath, background
from onemap.heat.prediction.background import SHAPES
from onemap.heat.prediction.rhythm import Rhythm, rhythm, trend

Int32 = npt.NDArray[np.int32]
Int64 = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

#: Distances over which an event raises others, in rings.
RINGS = 2
#: Events that a prior on the productivities counts for: small categories keep to the whole's.
_PRIOR = 150.0
#: A category with fewer events keeps the whole's delays.
_OWN_DELAYS = 2000
_ROUNDS = 30
_REFRESHES = 5


@dataclass(frozen=True)
class Past:
    """Events of one category on a lattice: `hours` int32[N] ascending and in [first, last), `index` int64[N].

    `known` int32[N] is the hour in which each became known, where that was later.
    """

    hours: Int32
    index: Int64
    first: int
    last: int
    around: Discs
    known: Int32 | None = None

    def before(self, hour: int) -> Past:
        """What was known at the start of that hour."""
        n = int(np.searchsorted(self.hours, hour))
        if self.known is None:
            return replace(self, hours=self.hours[:n], index=self.index[:n], last=hour)
        told = np.flatnonzero(self.known[:n] < hour)
        return replace(self, hours=self.hours[told], index=self.index[told], last=hour, known=self.known[told])

    def since(self, hour: int) -> Past:
        """The later part."""
        n = int(np.searchsorted(self.hours, hour))
        known = None if self.known is None else self.known[n:]
        return replace(self, hours=self.hours[n:], index=self.index[n:], first=hour, known=known)


@dataclass(frozen=True)
class Setting:
    """What is chosen by held-out likelihood rather than fitted."""

    delays_h: tuple[float, ...] = (36.0,)  # mean delays to begin with; none: no self-excitement
    half_life_d: float | None = None  # of what the background remembers; None: it does not forget
    shapes: tuple[float, ...] = SHAPES


@dataclass(frozen=True)
class Model:
    """A fitted process."""

    setting: Setting
    keep: Floats  # [J]
    productivity: Floats  # [J, RINGS + 1]: events caused by one event, by kernel and distance
    base: Floats  # [n] background per hour at the trend's mean
    level: float  # the trend at the end
    rhythm: Rhythm
    log_likelihood: float
    own: Floats  # [N] probability that an event came by itself
    shape: Floats | None = None  # [n] the background's widest view: all categories' for one of them

    @property
    def branching(self) -> float:
        """Events caused directly by one event."""
        return float(self.productivity.sum())

    @property
    def delays_h(self) -> Floats:
        """Mean delays of the kernels in hours: [J]."""
        return np.asarray(1.0 / (1.0 - self.keep))


#: Events on which settings are chosen at most: the parameters are then fitted to all.
_CHOOSE_ON = 150_000


def fit(
    past: Past,
    setting: Setting,
    zone: ZoneInfo,
    pooled: Model | None = None,
    fixed: Model | None = None,
) -> Model:
    """Fit a process to a past. `pooled` is a prior for a category; `fixed` a model whose kernels and rhythm are kept.

    Stops when an event's mean log-likelihood gains less than 1e-5. Raises ValueError for a past without events.
    """
    if not len(past.hours):
        raise ValueError("a process cannot be fitted to no events")
    n = past.around.near.shape[0]
    since = past.hours - past.first
    shape = fixed.shape if fixed is not None else None if pooled is None else pooled.base
    if fixed is not None:
        week = fixed.rhythm
    else:
        week = rhythm(past.hours, past.first, past.last, zone, None if pooled is None else pooled.rhythm)
    level = week.of(past.first, past.last)
    slow = trend(past.hours, past.first, past.last)
    memory = _memory(past, setting)
    keep = _first_keep(setting, pooled) if fixed is None else fixed.keep
    productivity = _first_guess(keep) if fixed is None else fixed.productivity
    prior = _prior(productivity, pooled)
    own = np.full(len(since), 1.0 - float(productivity.sum()))
    before, moving = -np.inf, False
    for turn in range(_ROUNDS if fixed is None else _REFRESHES):
        if turn == 0 or moving:
            excess, ages = aftermath.pasts(past.hours, past.index, past.around, RINGS, keep)
            inside = aftermath.reach(level, keep)[:, since].sum(axis=1)
        place = _place(past, own, memory, slow * level, n, shape)
        alone = place.without(past.index, own * memory[since], setting.shapes) * slow[since]
        rate = alone + _weighed(excess, productivity)
        own = alone / rate
        base = place.rates(setting.shapes)
        compensator = float(base.sum() * (slow * level).sum() + (inside[:, None] * productivity).sum())
        score = float(np.log(rate * level[since]).sum()) - compensator
        if abs(score - before) < 1e-5 * len(since):
            break
        before = score
        if len(keep) and fixed is None:
            caused = _summed(excess, 1.0 / rate) * productivity
            aged = _summed(ages, 1.0 / rate) * productivity
            productivity = (caused + prior[0]) / (inside[:, None] + prior[1])
            productivity = productivity * min(1.0, 0.97 / max(1e-12, float(productivity.sum())))
            moving = turn < 20 and (pooled is None or len(since) >= _OWN_DELAYS)
            if moving:
                keep = _delays(caused.sum(axis=1), aged.sum(axis=1), keep)
    return Model(setting, keep, productivity, base, float(slow[-1]), week, score, own, shape)


def _weighed(excess: Floats, productivity: Floats) -> Floats:
    """What the past makes of each event, all kernels and distances together: float64[N]."""
    return np.asarray(excess.reshape(len(excess), -1) @ productivity.ravel())


def _summed(excess: Floats, weights: Floats) -> Floats:
    """Sum over the events, weighted: float64[J, R]."""
    return np.asarray((weights @ excess.reshape(len(excess), -1)).reshape(excess.shape[1:]))


def _first_keep(setting: Setting, pooled: Model | None) -> Floats:
    """Where the delays start: the whole's own if it has as many kernels."""
    if pooled is not None and len(pooled.keep) == len(setting.delays_h):
        return pooled.keep
    return np.array([1.0 - 1.0 / delay for delay in setting.delays_h], np.float64)


def _first_guess(keep: Floats) -> Floats:
    by_ring = np.array([0.5, 0.3, 0.2])[: RINGS + 1]
    return np.asarray(0.4 / max(1, len(keep)) * np.ones((len(keep), 1)) * by_ring)


def _prior(productivity: Floats, pooled: Model | None) -> tuple[Floats, float]:
    """A gamma prior on the productivities: its events and its exposure. Weak about nothing, or about the whole's."""
    if pooled is None or pooled.productivity.shape != productivity.shape:
        return np.zeros_like(productivity), 1.0
    return pooled.productivity * _PRIOR, _PRIOR


def _memory(past: Past, setting: Setting) -> Floats:
    """Weight of each hour in the background, 1 at the end: float64[H]."""
    age_h = np.arange(past.last - past.first, 0, -1, dtype=np.float64)
    if setting.half_life_d is None:
        return np.ones(len(age_h))
    return np.asarray(0.5 ** (age_h / (24.0 * setting.half_life_d)))


def _place(past: Past, own: Floats, memory: Floats, busy: Floats, n: int, shape: Floats | None) -> background.Field:
    since = past.hours - past.first
    weights = np.bincount(past.index, own * memory[since], minlength=n).astype(np.float64)
    exposure = float((busy * memory).sum())
    return background.field(weights, max(exposure, 1e-9), past.around, shape)


def _delays(caused: Floats, aged: Floats, keep: Floats) -> Floats:
    """The kernels' new q: 1 - 1 / mean age of what they caused, for between 2 hours and 90 days."""
    moved = 1.0 - 1.0 / np.clip(aged / np.maximum(caused, 1e-9), 2.0, 2160.0)
    return np.asarray(np.where(caused > 1.0, moved, keep))


def updated(model: Model, past: Past) -> Model:
    """The same process with its background taken from a later past: what a night needs between two fits."""
    return fit(past, model.setting, model.rhythm.zone, fixed=model)


def outlook(model: Model, past: Past, hours: int) -> Floats:
    """Expected events of each cell in the `hours` after the past: float64[n]."""
    level = model.rhythm.of(past.last, past.last + hours)
    state = aftermath.states(past.hours, past.index, len(model.base), past.last, model.keep)
    return aftermath.expected(model.base * model.level, level, state, model.keep, model.productivity, past.around)[0]


def held_out(model: Model, past: Past, until: Past) -> Floats:
    """Log-likelihood of each event of `until` after `past`'s end, given all before its hour: float64[later events].

    The background and the parameters stay as fitted on `past`; each event bears its part of the expected number.
    """
    later = slice(len(past.hours), len(until.hours))
    hours, index = until.hours[later], until.index[later]
    level = model.rhythm.of(past.last, until.last)
    rate = model.base[index] * model.level
    compensator = float(model.base.sum() * model.level * level.sum())
    if len(model.keep):
        excess, _ = aftermath.pasts(until.hours, until.index, until.around, RINGS, model.keep)
        rate = rate + _weighed(excess[later], model.productivity)
        whole = np.concatenate((np.zeros(past.last - past.first), level))
        inside = aftermath.reach(whole, model.keep)[:, until.hours - until.first].sum(axis=1)
        compensator += float((inside[:, None] * model.productivity).sum())
    return np.asarray(np.log(rate * level[hours - past.last]) - compensator / max(1, len(hours)))


def choose(past: Past, zone: ZoneInfo, pooled: Model | None = None) -> Setting:
    """The setting whose process, fitted to the earlier part of a past, best foresees the later part of it.

    The later part is its last fifth, at most 60 days. Settings are tried from the plainest on, and one takes the place
    of a plainer one only if it is better by more than the standard error of the events' gains. A category has the
    whole's kernels or none. Large pasts are chosen on their latest events.
    """
    late = past.since(int(past.hours[-_CHOOSE_ON])) if len(past.hours) > _CHOOSE_ON else past
    late = replace(late, known=None)  # what was told late counts for the process where it happened
    early = late.before(late.last - min(24 * 60, (late.last - late.first) // 5))
    kernels = ((36.0,), (24.0, 240.0)) if pooled is None else (pooled.setting.delays_h,) * bool(len(pooled.keep))
    best = Setting(())
    if len(early.hours) < 50 or len(late.hours) - len(early.hours) < 10:
        return best if pooled is None else Setting(pooled.setting.delays_h)
    score = held_out(fit(early, best, zone, pooled), early, late)

    def offered(setting: Setting) -> None:
        nonlocal best, score
        found = held_out(fit(early, setting, zone, pooled), early, late)
        gain = found - score
        if gain.mean() > gain.std() / np.sqrt(len(gain)):
            best, score = setting, found

    best = replace(best, shapes=_shapes(fit(early, best, zone, pooled), early, late))
    score = held_out(fit(early, best, zone, pooled), early, late)
    for delays in kernels:
        offered(replace(best, delays_h=delays))
    offered(replace(best, half_life_d=90.0))
    if best.delays_h:
        best = replace(best, shapes=_shapes(fit(early, best, zone, pooled), early, late))
    return best


def _shapes(model: Model, early: Past, late: Past) -> tuple[float, ...]:
    """The shapes of the background's priors, disc by disc, under which later events are likeliest; all else as is."""
    later = slice(len(early.hours), len(late.hours))
    index = late.index[later]
    caused = np.zeros(len(index))
    if len(model.keep):
        excess, _ = aftermath.pasts(late.hours, late.index, late.around, RINGS, model.keep)
        caused = _weighed(excess[later], model.productivity)
    memory = _memory(early, model.setting)
    busy = model.rhythm.of(early.first, early.last) * trend(early.hours, early.first, early.last)
    place = _place(early, model.own, memory, busy, len(model.base), model.shape)
    shapes = list(model.setting.shapes)

    def likelihood(at: int, choice: float) -> float:
        tried = tuple(choice if level == at else shape for level, shape in enumerate(shapes))
        # The rates always sum to the same, so the expected number need not be weighed.
        return float(np.log(place.rates(tried)[index] * model.level + caused).sum())

    for _ in range(2):
        for at in range(len(place.sums)):
            shapes[at] = max(background.CHOICES, key=lambda choice, at=at: likelihood(at, choice))  # type: ignore[misc]
    return tuple(shapes)


@dataclass(frozen=True)
class Parts:
    """What the expected events of each cell are made of; the parts sum to `outlook`.

    `own` [n] come by themselves in a week's mean hour; `raised` [n, rings, ages] are caused by known events at each
    distance and age, in number `events` [n, rings, ages]; `knock_on` [n] by events that are themselves still to come;
    `rhythm` [n] is what the days and hours ahead add or take off.
    """

    own: Floats
    raised: Floats
    events: Floats
    knock_on: Floats
    rhythm: Floats


#: Ages of known events told apart, in hours: from each to the next; what is older adds to the last.
AGES_H = (0, 24, 72, 168)


def parts(model: Model, past: Past, hours: int) -> Parts:
    """Take the expected events of the `hours` after a past apart."""
    base, n = model.base * model.level, len(model.base)
    own = base * hours
    raised, events = np.zeros((n, RINGS + 1, len(AGES_H))), np.zeros((n, RINGS + 1, len(AGES_H)))
    age = past.last - 1 - past.hours
    bounds = (*AGES_H, _COUNTED_H)
    whole = (1.0 - model.keep**hours)[:, None] * model.productivity
    for at in range(len(AGES_H)):
        oldest = np.inf if at == len(AGES_H) - 1 else bounds[at + 1]
        told = (age >= bounds[at]) & (age < oldest)
        state = aftermath.states(past.hours[told], past.index[told], n, past.last, model.keep)
        counted = np.bincount(past.index[told & (age < bounds[at + 1])], minlength=n).astype(np.float64)
        for ring in range(RINGS + 1):
            raised[:, ring, at] = aftermath.spread(whole[:, ring] @ state, past.around, ring)
            events[:, ring, at] = disc_sums(counted, past.around, ring) - (
                disc_sums(counted, past.around, ring - 1) if ring else 0.0
            )
    state = aftermath.states(past.hours, past.index, n, past.last, model.keep)
    steady = aftermath.expected(base, np.ones(hours), state, model.keep, model.productivity, past.around)[0]
    total = outlook(model, past, hours)
    return Parts(own, raised, events, steady - own - raised.sum(axis=(1, 2)), total - steady)


#: Known events older than this are not counted one by one in what is told.
_COUNTED_H = 720
