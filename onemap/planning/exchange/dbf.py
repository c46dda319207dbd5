"""Attribute tables of Shapefiles: dBASE III, read field by field in the characters they are really written in.

GDAL calls a table without a .cpg Latin-1 and believes a .cpg that is wrong; both are common, and both would put garbled
names on the map. A field that was cut in the middle of a character loses that character, not the whole row.
"""

from __future__ import annotations

import codecs
import re
import struct
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from onemap.planning.exchange.spec import refused
from onemap.store.layer import Text

_HEAD = 32
_FIELD = 32
_END = 0x0D


@dataclass(frozen=True)
class _Column:
    name: bytes
    kind: str
    start: int
    length: int


@dataclass(frozen=True)
class Table:
    """A table's columns and records as bytes, whole for certain."""

    columns: tuple[_Column, ...]
    records: tuple[bytes, ...]

    def rows(self, encoding: str) -> tuple[list[str], list[dict[str, Any]]]:
        """The columns' names and the rows: text, numbers, None for blank."""
        names = [_text(column.name, encoding) for column in self.columns]
        rows = [
            {
                name: _value(record[column.start : column.start + column.length], column.kind, encoding)
                for name, column in zip(names, self.columns, strict=True)
            }
            for record in self.records
        ]
        return names, rows

    def fits(self, encoding: str) -> bool:
        """Whether every name and text field is of this encoding, but for a character cut at a field's end.

        Raises BadInput for an encoding that Python does not know.
        """
        try:
            make = codecs.getincrementaldecoder(encoding)
        except LookupError as exc:
            raise refused("encoding", f"不认识的编码:{encoding[:40]}", f"unknown encoding {encoding[:40]!r}") from exc
        try:
            for text in self._texts():
                make().decode(text)
        except UnicodeDecodeError:
            return False
        return True

    def is_ascii(self) -> bool:
        """Whether the encoding makes no difference."""
        return all(text.isascii() for text in self._texts())

    def is_chinese_utf8(self) -> bool:
        """Whether it reads as UTF-8 with Chinese in it: GB18030 reads the same bytes as other signs."""
        return self.fits("utf-8") and any(
            "\u4e00" <= sign <= "\u9fff" for text in self._texts() for sign in _text(text, "utf-8")
        )

    def _texts(self) -> list[bytes]:
        texts = [column.name for column in self.columns]
        for column in self.columns:
            if column.kind == "C":
                texts += [record[column.start : column.start + column.length].rstrip(b" \0") for record in self.records]
        return texts


def read_table(data: bytes, records: int) -> Table:
    """Read a .dbf that belongs to `records` shapes.

    Raises BadInput (reason "broken") for half a table, or one with another count of rows.
    """
    if len(data) < _HEAD:
        raise refused("broken", "属性表 .dbf 不完整", "the attribute table (.dbf) is not whole")
    count, start, length = struct.unpack_from("<IHH", data, 4)
    if start < _HEAD or length < 1 or len(data) < start + count * length:
        raise refused(
            "broken",
            f"属性表 .dbf 不完整:应有 {count} 行",
            f"the attribute table (.dbf) is not whole: it says {count} rows",
        )
    if count != records:
        raise refused(
            "broken", f"图形 {records} 个,属性 {count} 行,数目不符", f"{records} shapes but {count} rows of attributes"
        )
    columns: list[_Column] = []
    at, offset = _HEAD, 1
    while at + _FIELD <= start and data[at] != _END:
        name, kind, size = data[at : at + 11].split(b"\0")[0], chr(data[at + 11]), data[at + 16]
        if offset + size > length:
            raise refused("broken", "属性表 .dbf 的字段表损坏", "the fields of the attribute table (.dbf) are broken")
        columns.append(_Column(name, kind, offset, size))
        at, offset = at + _FIELD, offset + size
    kept = tuple(column for column in columns if column.kind in "CNFDL")
    return Table(kept, tuple(data[start + n * length : start + (n + 1) * length] for n in range(count)))


def encoding_of(table: Table, cpg: bytes | None, asked: str | None) -> tuple[str, Sequence[Text]]:
    """Return the encoding that reads the whole table, and what to say of it.

    What the asker says is tried alone; else the .cpg, then UTF-8, then GB18030 (which holds GBK and GB 2312). A .cpg
    that does not fit is told and passed over. Raises BadInput (reason "encoding") when nothing fits.
    """
    if asked is not None:
        if not table.fits(asked):
            raise refused("encoding", f"属性表不是 {asked[:40]} 编码", f"the attribute table is not in {asked[:40]}")
        return asked, ()
    said = None if cpg is None else _said(cpg)
    if said is not None and table.fits(said) and not (said == "gb18030" and table.is_chinese_utf8()):
        return said, ()
    for guess in ("utf-8", "gb18030"):
        if not table.fits(guess):
            continue
        shown = guess.upper()
        if table.is_ascii():
            return guess, ()
        if cpg is None:
            return guess, (Text(f"没有 .cpg,属性表按 {shown} 读", f"There is no .cpg; the table was read as {shown}."),)
        return guess, (
            Text(f".cpg 与内容不符,属性表按 {shown} 读", f"The .cpg is wrong; the table was read as {shown}."),
        )
    raise refused(
        "encoding", "属性表的编码认不出来,请说明编码", "the attribute table's encoding is not known; say which"
    )


def _said(cpg: bytes) -> str | None:
    word = cpg[:100].decode("ascii", "replace").strip().lower()
    if word in ("gbk", "gb2312", "gb18030", "936", "cp936", "ms936", "ansi 936"):
        return "gb18030"
    number = re.fullmatch(r"(?:ansi |cp)?(\d{3,5})", word)
    if number is not None:
        word = {"65001": "utf-8", "54936": "gb18030", "88591": "latin-1"}.get(number[1], f"cp{number[1]}")
    try:
        return codecs.lookup(word).name
    except LookupError:
        return None


def _text(raw: bytes, encoding: str) -> str:
    return codecs.getincrementaldecoder(encoding)().decode(raw.rstrip(b" \0")).strip()


def _value(raw: bytes, kind: str, encoding: str) -> Any:
    if kind == "C":
        return _text(raw, encoding) or None
    text = raw.decode("ascii", "replace").strip(" \0")
    if not text or set(text) == {"*"}:
        return None
    if kind in "NF":
        try:
            number = float(text)
        except ValueError:
            return None
        return int(number) if number.is_integer() and "." not in text and abs(number) < 2**53 else number
    return text
