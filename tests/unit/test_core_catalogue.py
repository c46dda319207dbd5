"""The shipped catalogue and a city's own rows."""

import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from onemap.core import catalogue as classes
from onemap.core.catalogue import COLUMNS, ENGLISH, Kind, current, default_version, load_catalogue, versions
from onemap.core.errors import BadCode, BadInput, SetupError
from onemap.heat import surface
from onemap.heat.hazard.score import title_of

HEAD = "kind,code,major_class,name"
LEAVES = f"{HEAD}\nmatter,06999,市容环境类,落叶（自定义）\n"


def test_counts_of_the_2026_list():
    catalogue = load_catalogue()
    assert catalogue.version == default_version() == "gbt47678.5-2026"
    assert default_version() in versions()
    counts = Counter((e.kind, e.major) for e in catalogue.entries)
    assert [counts["part", m] for m in ("01", "02", "03", "04", "05")] == [76, 44, 16, 14, 3]
    assert [counts["matter", m] for m in ("06", "07", "08", "09", "10")] == [51, 7, 16, 21, 2]
    assert sum(n for (kind, _), n in counts.items() if kind == "part") == 153
    assert len(catalogue) == 403


def test_matters_mirror_the_parts():
    catalogue = load_catalogue()
    parts = [entry for entry in catalogue.entries if entry.kind == "part"]
    for part in parts:
        matter = catalogue.get("matter", part.code)
        if part.code != "01066":
            assert matter.name == part.name + "异常"
        assert matter.major_class == part.major_class + "类"
    # The list itself breaks its own rule once.
    assert catalogue.get("part", "01066").name == "紧急报警点SOS"
    assert catalogue.get("matter", "01066").name == "紧急报警点异常SOS"


def test_the_kind_is_part_of_the_key():
    catalogue = load_catalogue()
    assert catalogue.get("part", "01001").name == "供水井盖"
    assert catalogue.get("matter", "01001").name == "供水井盖异常"
    assert not catalogue.has("part", "06010")
    assert catalogue.get("matter", "06010").name == "暴露垃圾"


def test_unused_codes_are_unknown():
    with pytest.raises(BadCode) as caught:
        load_catalogue().get("part", "01016")
    assert caught.value.reason == "unknown-code"


def test_lookup_by_name():
    catalogue = load_catalogue()
    assert [(e.kind, e.code) for e in catalogue.find(" 暴露垃圾 ")] == [("matter", "06010")]
    assert catalogue.find("暴露垃圾", "part") == ()
    assert catalogue.find("没有的") == ()


def test_majors_in_order():
    catalogue = load_catalogue()
    assert list(catalogue.majors("part")) == ["01", "02", "03", "04", "05"]
    assert catalogue.majors("matter")["09"] == ("街面秩序类", "Street order")


@pytest.mark.parametrize("kind", ["part", "matter"])
def test_every_class_has_a_name_of_its_own_in_both_languages(kind: Kind):
    entries = [entry for entry in load_catalogue().entries if entry.kind == kind]
    for words in ([entry.name for entry in entries], [entry.name_en.lower() for entry in entries]):
        assert [name for name, times in Counter(words).items() if times > 1] == []
    for entry in entries:
        for english in (entry.name_en, entry.major_class_en):
            # Sentence case; a capital further on belongs to an abbreviation.
            assert re.fullmatch(r"[A-Z][a-z' ,()-]*(\(SOS\)[a-z ]*)?", english), english
        assert len(entry.name_en) <= 50
    # A major class is called the same in all of its rows, and no two are called the same.
    names = {(entry.major, entry.major_class, entry.major_class_en) for entry in entries}
    majors = load_catalogue().majors(kind)
    assert len(names) == len(majors) == len({zh for zh, _ in majors.values()}) == len({en for _, en in majors.values()})


def test_matters_about_parts_are_named_after_them_in_english_too():
    catalogue = load_catalogue()
    for part in [entry for entry in catalogue.entries if entry.kind == "part"]:
        matter = catalogue.get("matter", part.code)
        assert (matter.name_en, matter.major_class_en) == (f"{part.name_en} problem", part.major_class_en)


def test_unknown_version():
    with pytest.raises(BadInput) as caught:
        load_catalogue("gbt47678.5-1999")
    assert caught.value.reason == "catalogue"


def test_a_local_file_adds_rows(tmp_path):
    local = tmp_path / "local.csv"
    local.write_text(LEAVES, "utf-8-sig")
    catalogue = load_catalogue(extension=local)
    leaves = catalogue.get("matter", "06999")
    assert (leaves.name, leaves.name_en) == ("落叶（自定义）", "落叶（自定义）")
    assert (leaves.major_class, leaves.major_class_en) == ("市容环境类", "City environment")
    assert len(catalogue) == 404 and catalogue.digest != load_catalogue().digest
    assert not load_catalogue().has("matter", "06999")


def test_english_names_are_optional_and_a_major_class_has_one(tmp_path):
    local = tmp_path / "local.csv"
    local.write_text(
        f"{HEAD},major_class_en,name_en\n"
        "part,11001,智慧设施,智能灯杆,,Smart pole\n"
        "part,11002,智慧设施,环境感知箱,Smart facilities,\n"
        ",,,,,\n"
        "part,12001,水务设施,水表井,,\n",
        "utf-8",
    )
    catalogue = load_catalogue(extension=local)
    assert catalogue.majors("part")["11"] == ("智慧设施", "Smart facilities")
    assert catalogue.majors("part")["12"] == ("水务设施", "水务设施")
    assert [catalogue.get("part", code).name_en for code in ("11001", "11002")] == ["Smart pole", "环境感知箱"]
    assert catalogue.find("水表井", "part")[0].code == "12001"


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("kind,code,name\nmatter,06999,x\n", 1, ["major_class", *COLUMNS, *ENGLISH]),
        (f"{HEAD},colour\nmatter,06999,市容环境类,别的,red\n", 1, ["colour", *COLUMNS, *ENGLISH]),
        (f"{HEAD},name\nmatter,06999,市容环境类,别的,别的\n", 1, ["twice"]),
        (f"{HEAD}\nmatter,06010,市容环境类,别的\n", 2, ["code", "06010", "暴露垃圾", "已是", "already"]),
        (f"{LEAVES}matter,06999,市容环境类,别的\n", 3, ["code", "06999", "落叶（自定义）"]),
        (f"{HEAD}\nmatter,06999,市容环境类,暴露垃圾\n", 2, ["name", "暴露垃圾", "06010"]),
        (f"{HEAD}\nmatter,06999,市容,别的\n", 2, ["major_class", "市容环境类", "市容"]),
        (
            f"{HEAD},major_class_en\nmatter,06999,市容环境类,别的,Litter\n",
            2,
            ["major_class_en", "City environment", "Litter"],
        ),
        (f"{HEAD}\nevent,06999,市容环境类,别的\n", 2, ["kind", "event", "part", "matter", "部件", "事项"]),
        (f"{HEAD}\nmatter,6999,市容环境类,别的\n", 2, ["code", "6999", "五位数字", "five digits"]),
        (f"{HEAD}\nmatter,00999,市容环境类,别的\n", 2, ["code", "00999", "01 to 99"]),
        (f"{HEAD}\nmatter,０６９９９,市容环境类,别的\n", 2, ["code", "five digits"]),
        (f"{HEAD}\nmatter,06999,市容环境类\n", 2, ["name", "不能为空", "empty"]),
        (f"{HEAD}\nmatter,06999,市容环境类,落叶,枯枝\n", 2, ["more fields"]),
        (f'{HEAD}\nmatter,06999,市容环境类,"落叶\n', 2, ["CSV"]),
        ("", 1, list(COLUMNS)),
    ],
)
def test_bad_local_files_are_refused_with_line_and_what_is_allowed(tmp_path, text, line, words):
    local = tmp_path / "local.csv"
    local.write_text(text, "utf-8")
    with pytest.raises(SetupError) as caught:
        load_catalogue(extension=local)
    assert caught.value.reason == "catalogue-file"
    for word in [f"{local}:{line}: ", " · ", *words]:
        assert word in caught.value.message


def test_unreadable_local_files_are_refused(tmp_path):
    with pytest.raises(SetupError):
        load_catalogue(extension=tmp_path / "absent.csv")
    gbk = tmp_path / "gbk.csv"
    gbk.write_bytes(f"{HEAD}\nmatter,06999,市容,别的\n".encode("gbk"))
    with pytest.raises(SetupError, match="UTF-8"):
        load_catalogue(extension=gbk)


def test_the_example_of_the_documentation_is_one(tmp_path):
    page = (Path(__file__).parents[2] / "docs" / "parts.md").read_text("utf-8")
    example = page[page.index(f"```\n{HEAD}") + 4 :].split("```")[0]
    local = tmp_path / classes.OWN
    local.write_text(example, "utf-8")
    added = len(example.splitlines()) - 1
    assert added == 4 and len(load_catalogue(extension=local)) == len(load_catalogue()) + added


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Path]:
    """A data home; what was used of it is forgotten afterwards."""
    yield tmp_path
    classes.use(None)


def test_a_process_knows_the_rows_of_its_data_home(home):
    classes.use(home)  # no file: what is shipped
    shipped = {one.name: dict(one.categories) for one in surface.surfaces()}
    assert current().digest == load_catalogue().digest and title_of("matter-11001") == "matter-11001"
    (home / classes.OWN).write_text(f"{HEAD},major_class_en\nmatter,11001,节庆类,灯会拥挤,Festivals\n", "utf-8")
    assert not current().has("matter", "11001")  # read at start, and not in between
    classes.use(home)
    assert current().get("matter", "11001").name == "灯会拥挤" == title_of("matter-11001")
    assert current(default_version()) is current()
    for one in surface.surfaces():
        if one.kind != "risk":
            title = one.categories["matter-11"]
            assert (title.zh, title.en) == ("节庆类（事项）", "Festivals (matter)")
    classes.use(None)
    assert {one.name: dict(one.categories) for one in surface.surfaces()} == shipped
    with pytest.raises(BadInput):
        current("gbt47678.5-1999")


def test_a_file_that_cannot_be_used_leaves_what_was_known(home):
    (home / classes.OWN).write_text(LEAVES, "utf-8")
    before = classes.use(home)
    (home / classes.OWN).write_text(f"{LEAVES}matter,06999,市容环境类,别的\n", "utf-8")
    with pytest.raises(SetupError):
        classes.use(home)
    assert current() is before
