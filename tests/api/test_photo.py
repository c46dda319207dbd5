"""What leaves a photo and what stays; rasterio reads the results, so that they are still pictures."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rasterio.io import MemoryFile

from onemap.core.errors import BadInput
from server.photo import clean
from tests.api.pictures import chunk, exif, jpeg, png, segment


def opens(data: bytes) -> tuple[int, int]:
    with MemoryFile(data) as file, file.open() as picture:
        picture.read()
        return picture.width, picture.height


def test_a_jpeg_loses_its_metadata_and_stays_a_picture() -> None:
    icc = segment(0xE2, b"ICC_PROFILE\x00\x01\x01profile")
    adobe = segment(0xEE, b"Adobe\x00\x64\x00\x00\x00\x00\x00")
    extra = (
        segment(0xE1, b"http://ns.adobe.com/xap/1.0/\x00GPSSECRET")
        + segment(0xE2, b"MPF\x00GPSSECRET")
        + segment(0xED, b"Photoshop 3.0\x00GPSSECRET")
        + segment(0xE0, b"JFXX\x00GPSSECRET")
        + segment(0xFE, b"comment GPSSECRET")
        + icc
        + adobe
    )
    data = jpeg(gps=True, extra=extra, tail=b"GPSSECRET film behind the picture")
    cleaned, extension = clean(data)
    assert extension == "jpg"
    assert b"GPSSECRET" not in cleaned and b"Exif" not in cleaned
    assert icc in cleaned and adobe in cleaned and cleaned.endswith(b"\xff\xd9")
    assert clean(cleaned)[0] == cleaned


@pytest.mark.parametrize("little", [True, False])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_the_way_up_is_kept(orientation: int, little: bool) -> None:
    cleaned, _ = clean(jpeg(gps=True, orientation=orientation, little=little))
    assert b"GPSSECRET" not in cleaned
    assert (b"Exif" in cleaned) == (orientation != 1)
    if orientation != 1:
        assert b"\x01\x12\x00\x03\x00\x00\x00\x01\x00" + bytes([orientation]) in cleaned
    assert clean(cleaned)[0] == cleaned


def test_a_png_loses_its_metadata_and_stays_a_picture() -> None:
    extra = chunk(b"tEXt", b"Comment\x00GPSSECRET") + chunk(b"eXIf", b"GPSSECRET") + chunk(b"gAMA", b"\x00\x00\xb1\x8f")
    cleaned, extension = clean(png(extra=extra, tail=b"GPSSECRET"))
    assert extension == "png" and b"GPSSECRET" not in cleaned and b"gAMA" in cleaned
    assert opens(cleaned) == (1, 1)


def test_a_jpeg_that_was_cleaned_opens() -> None:
    assert opens(clean(jpeg(gps=True, orientation=6))[0]) == (8, 8)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\xff\xd8\xff",
        b"GIF89a",
        b"%PDF-1.7",
        jpeg()[:-2],
        jpeg()[:60],
        jpeg().replace(b"\xff\xdb\x00\x43", b"\xff\xdb\x00\x01"),
        png()[:-6],
        png().replace(b"IDAT", b"IDAX"),
        png()[:40],
    ],
)
def test_what_is_no_whole_photo_is_refused(data: bytes) -> None:
    with pytest.raises(BadInput):
        clean(data)


@given(st.binary(max_size=400), st.sampled_from([b"", b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", jpeg()[:80], png()[:33]]))
def test_any_bytes_are_cleaned_or_refused(data: bytes, head: bytes) -> None:
    try:
        cleaned, _ = clean(head + data)
    except BadInput:
        return
    assert clean(cleaned)[0] == cleaned


@given(st.integers(0, 300), st.integers(0, 255))
def test_a_damaged_exif_harms_nothing(at: int, value: int) -> None:
    body = bytearray(exif(6))
    at = 10 + at % (len(body) - 10)
    body[at] = value
    whole = jpeg(extra=bytes(body))
    cleaned, _ = clean(whole)
    assert b"GPSSECRET" not in cleaned
