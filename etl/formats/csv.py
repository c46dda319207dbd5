"""CSV with a header line; a row that is too short, too long or unreadable is refused alone."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from typing import TYPE_CHECKING

from etl.feed import Envelope, Row
from etl.formats.encoding import decode
from onemap.core.errors import BadInput, FeedMalformed

if TYPE_CHECKING:
    import _csv

_DELIMITERS = ",;\t|"


def read(payload: bytes, envelope: Envelope) -> Iterator[Row]:
    """Yield each row as {column: text}; positions are "line 2" for the first row after the header."""
    yield from read_text(decode(payload)[0])


def read_text(text: str) -> Iterator[Row]:
    """As `read`, from text. Raises FeedMalformed when there is no header, or where a quote is never closed."""
    header_line = text.split("\n", 1)[0]
    delimiter = max(_DELIMITERS, key=header_line.count)
    reader = csv.reader(io.StringIO(text), delimiter=delimiter, strict=True)
    header = [name.strip() for name in next(_guarded(reader), (0, []))[1]]
    if len(header) < 2 or not all(header[:-1]) or any("\x00" in name for name in header):
        raise FeedMalformed("The first line is no header of a CSV file.", reason="csv")
    if len(set(header)) < len(header):
        raise FeedMalformed("Two columns of the CSV file have the same name.", reason="csv")
    for line, cells in _guarded(reader):
        if not any(cells):
            continue
        position = f"line {line}"
        record = dict(zip(header, cells, strict=False))
        if len(cells) != len(header):
            error = BadInput(
                f"The row has {len(cells)} fields where the header has {len(header)}; is the file cut off?",
                reason="columns",
            )
            yield Row(position, record, error)
        elif any("\udc80" <= sign <= "\udcff" for cell in cells if not cell.isascii() for sign in cell):
            bad = BadInput("The row holds bytes that are neither UTF-8 nor GB18030.", reason="encoding")
            yield Row(position, record, bad)
        else:
            yield Row(position, record)


def _guarded(reader: _csv.Reader) -> Iterator[tuple[int, list[str]]]:
    """Number the rows by the line they begin on; the reader's own error becomes FeedMalformed."""
    while True:
        begins = reader.line_num + 1
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as exc:
            raise FeedMalformed(f"The CSV breaks at line {begins}: {exc}.", reason="csv") from exc
        yield begins, cells
