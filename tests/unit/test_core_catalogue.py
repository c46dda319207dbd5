"""The shipped catalogue and local rows."""

from collections import Counter

import pytest

from onemap.core.catalogue import default_version, load_catalogue, versions
from onemap.core.errors import BadCode, BadInput


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
    assert catalogue.majors("matter")["09"] == "街面秩序类"


def test_unknown_version():
    with pytest.raises(BadInput) as caught:
        load_catalogue("gbt47678.5-1999")
    assert caught.value.reason == "catalogue"


def test_a_local_file_adds_rows(tmp_path):
    local = tmp_path / "local.csv"
    local.write_text("kind,code,major_class,name\nmatter,06999,市容环境类,落叶（自定义）\n", "utf-8-sig")
    catalogue = load_catalogue(extension=local)
    assert catalogue.get("matter", "06999").name == "落叶（自定义）"
    assert len(catalogue) == 404
    assert not load_catalogue().has("matter", "06999")


@pytest.mark.parametrize(
    "text",
    [
        "kind,code,name\nmatter,06999,x\n",
        "kind,code,major_class,name\nmatter,06010,市容环境类,别的\n",
        "kind,code,major_class,name\nevent,06999,市容环境类,别的\n",
        "kind,code,major_class,name\nmatter,6999,市容环境类,别的\n",
        "kind,code,major_class,name\nmatter,06999,市容环境类\n",
        "",
    ],
)
def test_bad_local_files_are_refused(tmp_path, text):
    local = tmp_path / "local.csv"
    local.write_text(text, "utf-8")
    with pytest.raises(BadInput) as caught:
        load_catalogue(extension=local)
    assert caught.value.reason == "extension"


def test_unreadable_local_files_are_refused(tmp_path):
    with pytest.raises(BadInput):
        load_catalogue(extension=tmp_path / "absent.csv")
    gbk = tmp_path / "gbk.csv"
    gbk.write_bytes("kind,code,major_class,name\nmatter,06999,市容,别的\n".encode("gbk"))
    with pytest.raises(BadInput):
        load_catalogue(extension=gbk)
