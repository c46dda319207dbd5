"""Bytes to text: UTF-8 first, UTF-16 by its mark, GB18030 where the bytes look like it, and never a silent guess.

GB18030 decodes nearly anything, accented Latin text included, so it is only taken where nearly every double byte lies
in the block of common Chinese characters. What fits nothing keeps its bad bytes as surrogates: the rows that hold them
are refused one by one (`fields.text`), the others pass.
"""

from __future__ import annotations

import codecs
import re

from onemap.core.errors import FeedMalformed

_PAIR = re.compile(rb"[\x81-\xfe][\x30-\x39\x40-\x7e\x80-\xfe]")
_COMMON = re.compile(rb"[\xa1-\xf7][\xa1-\xfe]")
_COMMON_SHARE = 0.9


def decode(payload: bytes, encoding: str | None = None) -> tuple[str, str]:
    """Return (text, name of the encoding). A declared `encoding` is tried alone.

    Raises FeedMalformed (reason "encoding") when a declared or marked encoding does not fit.
    """
    if encoding is not None:
        return _strict(payload, encoding), encoding
    if payload.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return _strict(payload, "utf-16"), "utf-16"
    try:
        return payload.decode("utf-8-sig"), "utf-8"
    except UnicodeDecodeError:
        pass
    if _looks_chinese(payload):
        try:
            return payload.decode("gb18030"), "gb18030"
        except UnicodeDecodeError:
            pass
    return payload.decode("utf-8-sig", errors="surrogateescape"), "utf-8 with unreadable bytes"


def decode_strict(payload: bytes) -> str:
    """Return text of which every byte was understood; FeedMalformed (reason "encoding") otherwise."""
    found, name = decode(payload)
    if name.startswith("utf-8 with"):
        raise FeedMalformed("The bytes are neither UTF-8 nor GB18030 text.", reason="encoding")
    return found


def _strict(payload: bytes, encoding: str) -> str:
    try:
        return payload.decode(encoding).removeprefix("\ufeff")
    except (UnicodeDecodeError, LookupError) as exc:
        raise FeedMalformed(f"The bytes are not {encoding} text.", reason="encoding") from exc


def _looks_chinese(payload: bytes) -> bool:
    pairs: list[bytes] = _PAIR.findall(payload[:1_000_000])
    common = sum(1 for pair in pairs if _COMMON.fullmatch(pair))
    return bool(pairs) and common >= _COMMON_SHARE * len(pairs)
