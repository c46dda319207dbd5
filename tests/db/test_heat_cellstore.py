"""Three stores, one answer: PostgreSQL, Parquet and ClickHouse, byte for byte, and equal to a plain sum."""

from __future__ import annotations

import itertools
import threading
from collections import Counter
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qsl, urlsplit

import chdb
import geopandas
import httpx
import numpy as np
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from onemap.core.cell import cells_of, child_range, parents
from onemap.core.errors import BadInput, FeedRefused, FeedUnavailable
from onemap.heat.ask import Ask
from onemap.heat.cellstore.clickhouse import ClickHouseStore, embedded, over_http, text, texts
from onemap.heat.cellstore.feed import feed, of_rows
from onemap.heat.cellstore.parquet import ParquetStore
from onemap.heat.cellstore.postgres import PostgresStore
from onemap.heat.cellstore.question import STORED, Position, Question, asked
from onemap.store.sqlfile import sql

CATEGORIES = ("matter-01", "matter-06", "it's \\ 火\t'", "")
SOURCES = ("12345", "patrol", 'a "b"\n', "")
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
FIRST_HOUR = 493_000
CELLS = np.unique(
    cells_of(
        120.1 + np.random.default_rng(1).normal(0, 0.02, 60),
        30.2 + np.random.default_rng(2).normal(0, 0.02, 60),
        STORED,
    )
).tolist()
_numbers = itertools.count()


@pytest.fixture(scope="module")
def engine():
    session = chdb.connect(":memory:")
    yield embedded(session)
    session.close()


@pytest.fixture
def surface():
    return f"surface{next(_numbers)}"


def event(fid, cell=0, hour=FIRST_HOUR, category=0, source=0, severity=0, n=1):
    return {
        "fid": fid, "cell": CELLS[cell], "hour": EPOCH + timedelta(hours=hour), "category": CATEGORIES[category],
        "source": SOURCES[source], "severity": severity, "n": n,
    }  # fmt: skip


def columns(surface, rows, signs=None):
    given = {f"{name}s": [row[name] for row in rows] for name in ("fid", "cell", "hour", "source", "n")}
    given["categories"] = [row["category"] for row in rows]
    given["severities"] = [row["severity"] for row in rows]
    if signs is not None:
        given["ns"] = [sign * n for sign, n in zip(signs, given["ns"], strict=True)]
    return {"surface": surface, **given}


def change(conn, surface, truth, puts, gone):
    """Write what the density engine writes: rows as they stand, and signed differences, in one transaction."""
    after = {row["fid"]: row for row in puts}
    removed = [truth[fid] for fid in [*after, *gone] if fid in truth]
    with conn.transaction():
        conn.execute("DELETE FROM heat_event WHERE surface = %s AND fid = ANY(%s)", (surface, list(gone)))
        conn.execute(sql("heat_events_write"), columns(surface, list(after.values())))
        signs = [-1] * len(removed) + [1] * len(after)
        conn.execute(sql("heat_change_write"), columns(surface, [*removed, *after.values()], signs))
    for fid in gone:
        truth.pop(fid, None)
    truth.update(after)


def plainly(truth, question):
    """The oracle: one event at a time."""
    sums = Counter()
    for row in truth.values():
        hour = (row["hour"] - EPOCH) // timedelta(hours=1)
        spans = question.ranges
        if (
            any(a <= hour < b for a, b in question.hours.tolist())
            and (spans is None or any(low <= row["cell"] <= high for low, high in spans))
            and row["category"] in (question.categories or CATEGORIES)
            and row["source"] in (question.sources or SOURCES)
            and row["severity"] in (question.severities or range(5))
        ):
            sums[int(parents([row["cell"]], question.res)[0])] += row["n"]
    found = sorted((cell, n) for cell, n in sums.items() if n)
    return np.array([c for c, _ in found], "<i8").tobytes() + np.array([n for _, n in found], "<i8").tobytes()


events = st.builds(
    event,
    st.integers(0, 30),
    st.integers(0, len(CELLS) - 1),
    st.integers(FIRST_HOUR, FIRST_HOUR + 2000),
    st.integers(0, 3),
    st.integers(0, 3),
    st.integers(0, 4),
    st.integers(1, 3),
)
steps = st.lists(
    st.tuples(st.lists(events, max_size=12), st.lists(st.integers(0, 30), max_size=5, unique=True)), max_size=5
)


@st.composite
def questions(draw, surface=""):
    marks = sorted(draw(st.lists(st.integers(FIRST_HOUR - 10, FIRST_HOUR + 2010), max_size=8, unique=True)))
    hours = np.array(marks[: len(marks) // 2 * 2], np.int32).reshape(-1, 2)
    near = draw(st.none() | st.lists(st.sampled_from(CELLS), max_size=3))
    spans = None if near is None else [child_range(int(parents([cell], 8)[0]), STORED) for cell in near]
    return Question(
        surface,
        draw(st.integers(4, STORED)),
        hours if draw(st.booleans()) else np.array([[FIRST_HOUR, FIRST_HOUR + 2001]], np.int32),
        tuple(draw(st.lists(st.sampled_from(CATEGORIES), max_size=3, unique=True))),
        tuple(draw(st.lists(st.sampled_from(SOURCES), max_size=2, unique=True))),
        tuple(draw(st.lists(st.integers(0, 4), max_size=2, unique=True))),
        spans,
    )


# Each example is dozens of transactions: making a failing one smaller would take minutes.
@settings(
    deadline=None, max_examples=12, phases=[Phase.generate], suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(steps, st.lists(questions(), min_size=4, max_size=8))
def test_all_stores_give_the_same_bytes_whatever_happens(committed, engine, tmp_path, steps, questions):
    surface = f"surface{next(_numbers)}"
    files, house, truth = ParquetStore(tmp_path), ClickHouseStore(engine), {}
    for puts, gone in [*steps, ([], [])]:
        puts = list({row["fid"]: row for row in puts if row["fid"] not in gone}.values())
        change(committed, surface, truth, puts, gone)
        feed(committed, files, surface, name="files")
        feed(committed, house, surface, name="house")
    for half in ("as fed", "summed up"):
        for plain in questions:
            question = Question(surface, plain.res, plain.hours, plain.categories, plain.sources, plain.severities,
                                plain.ranges)  # fmt: skip
            wanted = plainly(truth, question)
            for store in (PostgresStore(committed), files, house):
                assert store.counts(question).canonical() == wanted, (half, type(store).__name__)
        files.compact(surface, at_least=2)


def everything(surface, res=9):
    return Question(surface, res, np.array([[0, 2**31 - 1]], np.int32))


def test_feeding_goes_on_where_it_stopped_and_again_changes_nothing(committed, engine, tmp_path, surface):
    truth: dict = {}
    stores = {"files": ParquetStore(tmp_path), "house": ClickHouseStore(engine)}
    change(committed, surface, truth, [event(1), event(2, cell=5)], [])
    assert [feed(committed, store, surface, name=name) for name, store in stores.items()] == [2, 2]
    change(committed, surface, truth, [event(2, cell=7, hour=FIRST_HOUR - 5000)], [1])
    assert [feed(committed, store, surface, name=name) for name, store in stores.items()] == [3, 3]
    assert [feed(committed, store, surface, name=name) for name, store in stores.items()] == [0, 0]
    again = {"files": ParquetStore(tmp_path), "house": ClickHouseStore(engine)}
    wanted = plainly(truth, everything(surface))
    for name, store in again.items():
        assert feed(committed, store, surface, name=name) == 0
        assert store.counts(everything(surface)).canonical() == wanted


def test_what_was_counted_anew_is_loaded_anew(committed, engine, tmp_path, surface):
    truth: dict = {}
    stores = {"files": ParquetStore(tmp_path), "house": ClickHouseStore(engine)}
    change(committed, surface, truth, [event(1), event(2)], [])
    for name, store in stores.items():
        feed(committed, store, surface, name=name)
    with committed.transaction():
        committed.execute("DELETE FROM heat_event WHERE surface = %s", (surface,))
        committed.execute(sql("heat_events_write"), columns(surface, [event(9, cell=3)]))
        committed.execute(sql("heat_epoch"), {"surface": surface, "version": 1})
    for name, store in stores.items():
        assert feed(committed, store, surface, name=name) == 1
        assert store.position(surface).epoch == 1
        assert store.counts(everything(surface)).canonical() == plainly({9: event(9, cell=3)}, everything(surface))


def test_a_batch_whose_writer_died_halfway_does_not_count(engine, surface):
    rows = of_rows([event(1), event(2)])
    store = ClickHouseStore(engine)
    store.append(surface, rows, Position(0, "1:1:"))
    died = []

    def dying(statement, parameters):
        if statement.startswith("INSERT INTO heat_cold_batch"):
            died.append(statement)
            raise FeedUnavailable("gone")
        return engine(statement, parameters)

    with pytest.raises(FeedUnavailable):
        ClickHouseStore(dying).append(surface, rows, Position(0, "5:5:"))
    assert died
    assert store.counts(everything(surface)).counts.tolist() == [2]
    assert store.position(surface) == Position(0, "1:1:")
    # The same batch again: the orphans are swept first.
    store.append(surface, rows, Position(0, "5:5:"))
    assert store.counts(everything(surface)).counts.tolist() == [4]


def test_files_nobody_names_do_not_count(tmp_path, surface):
    store = ParquetStore(tmp_path)
    store.append(surface, of_rows([event(1)]), Position(0, "1:1:"))
    state = (tmp_path / surface / "position.json").read_bytes()
    store.append(surface, of_rows([event(2)]), Position(0, "2:2:"))
    assert len(list(tmp_path.rglob("*.parquet"))) == 2
    (tmp_path / surface / "position.json").write_bytes(state)
    assert store.counts(everything(surface)).counts.tolist() == [1]
    assert store.position(surface) == Position(0, "1:1:")
    store.append(surface, of_rows([event(2)]), Position(0, "2:2:"))
    assert store.counts(everything(surface)).counts.tolist() == [2]


def test_one_feeder_at_a_time(committed, conn, tmp_path, surface):
    change(committed, surface, {}, [event(1)], [])
    conn.execute("SELECT pg_advisory_lock(hashtextextended(%s, 0))", (f"cellstore:cold:{surface}",))
    store = ParquetStore(tmp_path)
    assert feed(committed, store, surface) == 0
    assert store.position(surface) is None
    conn.execute("SELECT pg_advisory_unlock_all()")
    conn.commit()
    assert feed(committed, store, surface) == 1


def test_months_and_row_groups_are_left_out(tmp_path, surface):
    store = ParquetStore(tmp_path)
    store.append(surface, of_rows([event(1), event(2, hour=FIRST_HOUR + 2000)]), Position(0, "1:1:"))
    folders = sorted(path.name for path in (tmp_path / surface).glob("month=*"))
    assert len(folders) == 2
    for path in (tmp_path / surface / folders[1]).glob("*.parquet"):
        path.unlink()
    first = Question(surface, 9, np.array([[FIRST_HOUR, FIRST_HOUR + 5]], np.int32))
    assert store.counts(first).counts.tolist() == [1]
    with pytest.raises(FileNotFoundError):
        store.counts(everything(surface))


def test_other_programs_can_read_the_files(tmp_path, surface):
    store = ParquetStore(tmp_path)
    store.append(surface, of_rows([event(1), event(2, cell=5, category=2, severity=3)]), Position(0, "1:1:"))
    (path,) = tmp_path.rglob("*.parquet")
    frame = geopandas.read_parquet(path)
    assert frame.crs == "EPSG:4326" or frame.crs == "OGC:CRS84"
    again = cells_of(frame.geometry.x.to_numpy(), frame.geometry.y.to_numpy(), STORED)
    assert np.array_equal(again, frame["cell"].to_numpy())
    assert sorted(frame["category"]) == sorted([CATEGORIES[0], CATEGORIES[2]])


def test_what_somebody_asks_of_a_surface_as_a_question():
    ask = Ask("incidents", "24h", categories=("matter-06",), now=datetime(2026, 5, 1, 12, tzinfo=UTC))
    question = asked(ask, 9, (120.1, 30.2, 120.2, 30.3))
    assert question.categories == ("matter-06",)
    assert question.hours.tolist() == ask.hours().tolist()
    assert question.ranges
    assert asked(ask, 9).ranges is None
    with pytest.raises(BadInput):
        asked(ask, STORED + 1)


@pytest.fixture(scope="module")
def server(engine):
    """ClickHouse's HTTP interface over the embedded engine: parameters in the address, the statement in the body."""

    class Door(BaseHTTPRequestHandler):
        def do_POST(self):
            given = dict(parse_qsl(urlsplit(self.path).query, keep_blank_values=True))
            statement = self.rfile.read(int(self.headers["Content-Length"])).decode()
            try:
                answer, status = engine(statement, {name[6:]: value for name, value in given.items()}), 200
            except RuntimeError as error:
                answer, status = str(error).encode(), 404
            self.send_response(status)
            self.send_header("Content-Length", str(len(answer)))
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, *_):
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Door) as door:
        thread = threading.Thread(target=door.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{door.server_port}/"
        door.shutdown()
        thread.join()


def test_over_http(committed, server, surface):
    truth: dict = {}
    change(committed, surface, truth, [event(n, cell=n, category=n % 4, source=n % 3) for n in range(20)], [])
    with httpx.Client(timeout=20) as client:
        store = ClickHouseStore(over_http(client, server))
        assert feed(committed, store, surface) == 20
        question = Question(surface, 10, everything(surface).hours, CATEGORIES[2:], SOURCES[:2])
        assert store.counts(question).canonical() == plainly(truth, question)
        with pytest.raises(FeedRefused):
            over_http(client, server)("SELECT nothing_of_the_kind", {})
        with pytest.raises(FeedUnavailable):
            over_http(client, "http://127.0.0.1:9/")("SELECT 1", {})


@given(st.text(max_size=20), st.lists(st.text(max_size=8), max_size=4))
@settings(deadline=None, max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_parameters_arrive_as_they_were(engine, one, many):
    one, many = one.replace("\0", ""), [value.replace("\0", "") for value in many]
    found = engine(
        "SELECT hex({one:String}), arrayMap(x -> hex(x), {many:Array(String)}) FORMAT TSV",
        {"one": text(one), "many": texts(tuple(many))},
    ).decode()
    wanted = [f"'{value.encode().hex().upper()}'" for value in many]
    assert found == f"{one.encode().hex().upper()}\t[{','.join(wanted)}]\n"
