"""The back-test: what a night may know, peers at their best, and a forecast that is shown only when it is better."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import h3.api.basic_int as h3
import numpy as np
import pytest

from bench.simulated_city import Truth, draw
from onemap.heat.discs import discs
from onemap.heat.lattice import lattice
from onemap.heat.prediction import accuracy, peer
from onemap.heat.prediction.accuracy import Tally
from onemap.heat.prediction.backtest import Backtest, Horizon, as_json, backtest, verdict
from onemap.heat.prediction.peer import Peer
from onemap.heat.prediction.selfexciting import Past
from tests.unit.test_heat_selfexciting import ZONE, past_of

LAYOUT = Truth(rings=10, days=130.0, per_day=40.0, branching=0.6, decay_days=1.0, hot_spots=4, by_ring=(0.6, 0.3, 0.1))
AROUND = discs(lattice(draw(1, replace(LAYOUT, days=1.0)).cells).neighbours, 8)


@pytest.fixture(scope="module")
def exciting() -> Backtest:
    return backtest(past_of(draw(21, LAYOUT), AROUND), ZONE, nights=28)


@pytest.fixture(scope="module")
def plain() -> Backtest:
    flat = replace(LAYOUT, branching=0.0, hot_spots=3, hot_share=0.95, roughness=0.0)
    return backtest(past_of(draw(22, flat), AROUND), ZONE, nights=28, horizons={"24h": 24})


def test_a_city_that_excites_itself_is_forecast_better_than_counted(exciting: Backtest) -> None:
    one = exciting.horizons["24h"]
    assert one.better
    assert one.tallies["forecast"].pei() > 1.1 * one.tallies["count"].pei()
    assert one.tallies["forecast"].pei() > one.tallies["kde"].pei()
    assert "予以显示" in verdict(one)["zh"] and "shown" in verdict(one)["en"]


def test_what_is_not_better_is_not_shown(plain: Backtest) -> None:
    one = plain.horizons["24h"]
    mean, low, high = one.gain()
    assert low <= mean <= high
    assert one.better == (mean > 0.0 and low > 0.0)
    turned = replace(one, tallies={**one.tallies, "forecast": one.tallies["count"], "count": one.tallies["forecast"]})
    assert not (one.better and turned.better)
    same = replace(one, tallies={**one.tallies, "count": one.tallies["forecast"]})
    assert not same.better
    assert "不显示" in verdict(same)["zh"] and "not shown" in verdict(same)["en"]


def test_few_events_tell_nothing(plain: Backtest) -> None:
    one = plain.horizons["24h"]
    few = {name: replace(tally, total=tally.total * 0.0) for name, tally in one.tallies.items()}
    assert not replace(one, tallies=few).better
    assert "too few" in verdict(replace(one, tallies=few))["en"]


def test_the_answer_has_the_contracts_shape(exciting: Backtest) -> None:
    told = as_json(exciting, 9, datetime(2026, 7, 1, tzinfo=UTC))
    assert set(told["horizons"]) == {"24h", "7d"}
    for name, one in told["horizons"].items():
        assert [model["name"] for model in one["models"]] == ["forecast", "count", "kde"]
        for model in one["models"]:
            rates = [rate for _, rate in model["hit_rate"]]
            assert rates == sorted(rates)
            assert model["pei"] <= 1.0
        forecast = one["models"][0]
        assert forecast["expected"] == pytest.approx(forecast["observed"], rel=0.25)
        assert sum(row["horizon"] == name for row in told["series"]) == 28


def test_nights_know_nothing_of_what_comes() -> None:
    city = draw(23, LAYOUT)
    past = past_of(city, AROUND)
    cut = past.last - 24
    later = past.hours >= cut
    changed = replace(past, index=np.where(later, (past.index + 17) % len(city.cells), past.index))
    one, other = (
        backtest(each, ZONE, nights=7, horizons={"24h": 24}).horizons["24h"].pooled["forecast"][0]
        for each in (past, changed)
    )
    assert (one == other).all()  # the last night's events alone differ, and no forecast saw them


def test_what_is_reported_late_is_known_late() -> None:
    hours = np.array([0, 10, 20, 30], np.int32)
    past = Past(hours, np.arange(4), 0, 48, AROUND, np.array([0, 40, 20, 30], np.int32))
    assert past.before(25).hours.tolist() == [0, 20]
    assert past.before(41).hours.tolist() == [0, 10, 20, 30]
    assert past.since(15).hours.tolist() == [20, 30]


def test_counting_counts_its_window_and_density_keeps_the_sum() -> None:
    past = Past(np.array([0, 100, 1000, 1010], np.int32), np.array([5, 5, 5, 9]), 0, 1020, AROUND)
    counted = Peer(7).outlook(past, 24)
    assert counted[5] == pytest.approx(1 * 24 / 168) and counted[9] == pytest.approx(1 * 24 / 168)
    assert counted.sum() == pytest.approx(2 * 24 / 168)
    whole = Peer(365).outlook(past, 24)
    assert whole.sum() == pytest.approx(4 * 24 / 1020)
    assert Peer(365, 1.5).outlook(past, 24).sum() == pytest.approx(whole.sum())


def test_density_is_a_gaussian_over_ring_distance() -> None:
    cells = np.array(sorted(h3.grid_disk(h3.latlng_to_cell(29.1, 110.5, 9), 8)), np.int64)
    around = discs(lattice(cells).neighbours, 8)
    middle = int(np.searchsorted(cells, h3.latlng_to_cell(29.1, 110.5, 9)))
    found = peer.kernel_density(np.eye(len(cells))[middle], around, 1.0)
    near = [int(np.searchsorted(cells, h3.grid_ring(int(cells[middle]), ring)[0])) for ring in range(4)]
    assert found[near] / found[middle] == pytest.approx(np.exp(-0.5 * np.arange(4.0) ** 2))


def test_the_best_peer_is_the_one_that_scores_best() -> None:
    past = past_of(draw(24, LAYOUT), AROUND)
    peers = peer.counting()
    found = peer.best(past, 24, 10, peers)
    cuts = [past.last - 24 * back for back in range(10, 0, -1)]
    scores = {}
    for one in peers:
        happened = [peer.counts(past, cut, cut + 24) for cut in cuts]
        made = [one.outlook(past.before(cut), 24) for cut in cuts]
        scores[one] = Tally.of(made, happened, happened).pei(accuracy.SHARE)
    assert scores[found] == pytest.approx(max(scores.values()))


def test_too_little_past_is_refused() -> None:
    past = past_of(draw(25, replace(LAYOUT, days=50.0)), AROUND)
    with pytest.raises(ValueError, match="30 days"):
        backtest(past, ZONE, nights=28)


def test_a_horizon_without_events_scores_nothing_and_breaks_nothing(plain: Backtest) -> None:
    one = plain.horizons["24h"]
    nothing = np.zeros(10)
    empty = Tally.of([nothing] * 3, [nothing] * 3, [nothing] * 3)
    blank = Horizon("24h", one.cuts[:3], dict.fromkeys(("forecast", "count", "kde"), empty),
                    dict.fromkeys(("forecast", "count", "kde"), (nothing, nothing)))  # fmt: skip
    told = as_json(replace(plain, horizons={"24h": blank}, nights=3), 9, datetime(2026, 7, 1, tzinfo=UTC))
    assert told["horizons"]["24h"]["models"][0]["pei"] is None
    assert not told["horizons"]["24h"]["shown"]
