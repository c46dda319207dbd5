"""Photos without what phones write into them: position, device, owner, thumbnails, maker notes. Pure functions.

Bytes are copied, not decoded: nothing is lost of the picture, and no image library is fed what strangers send.
"""

from __future__ import annotations

import struct
import zlib

from onemap.core.errors import BadInput

_PNG = b"\x89PNG\r\n\x1a\n"
# What a PNG needs to look the same; everything else (text, EXIF, time, private chunks) goes.
_PNG_KEPT = frozenset(
    {b"IHDR", b"PLTE", b"IDAT", b"IEND", b"tRNS", b"gAMA", b"cHRM", b"sRGB", b"iCCP", b"sBIT", b"bKGD", b"pHYS"}
)
_SOI, _EOI, _SOS = 0xD8, 0xD9, 0xDA
_ICC = b"ICC_PROFILE\x00"
_EXIF = b"Exif\x00\x00"


def clean(data: bytes) -> tuple[bytes, str]:
    """The photo without metadata, and its file extension. Raises BadInput for anything but a whole JPEG or PNG."""
    if data.startswith(b"\xff\xd8\xff"):
        return _clean_jpeg(data), "jpg"
    if data.startswith(_PNG):
        return _clean_png(data), "png"
    raise BadInput("A photo is a JPEG or PNG file.", reason="photo-kind")


def _clean_jpeg(data: bytes) -> bytes:
    """Segments up to the end of the image, without APPn and comments.

    Kept: JFIF (APP0), the colour profile (APP2) and Adobe's colour transform (APP14), without which colours change; and
    from EXIF the one number that says which way is up.
    """
    out = bytearray(b"\xff\xd8")
    at = 2
    while True:
        marker, at = _next_marker(data, at)
        if marker == _EOI:
            out += b"\xff\xd9"
            return bytes(out)  # phones append films and depth maps behind the end
        if at + 2 > len(data):
            raise _broken()
        length = int.from_bytes(data[at : at + 2], "big")
        body = data[at + 2 : at + length]
        if length < 2 or at + length > len(data):
            raise _broken()
        if marker == 0xE1 and body.startswith(_EXIF):
            out += _orientation_segment(_orientation(body[len(_EXIF) :]))
        elif _kept(marker, body):
            out += bytes((0xFF, marker)) + data[at : at + length]
        at += length
        if marker == _SOS:
            end = _scan_end(data, at)
            out += data[at:end]
            at = end


def _kept(marker: int, body: bytes) -> bool:
    if marker == 0xE0:
        return body.startswith(b"JFIF\x00")
    if marker == 0xE2:
        return body.startswith(_ICC)
    if marker == 0xEE:
        return body.startswith(b"Adobe")
    return not (0xE1 <= marker <= 0xEF or marker == 0xFE)


def _next_marker(data: bytes, at: int) -> tuple[int, int]:
    if at >= len(data) or data[at] != 0xFF:
        raise _broken()
    while at < len(data) and data[at] == 0xFF:  # fill bytes are allowed
        at += 1
    if at >= len(data) or data[at] in (0x00, _SOI) or 0xD0 <= data[at] <= 0xD7:
        raise _broken()
    return data[at], at + 1


def _scan_end(data: bytes, at: int) -> int:
    """Where the compressed data ends: at the first marker that is neither stuffing nor a restart."""
    while True:
        at = data.find(b"\xff", at)
        if at < 0 or at + 1 >= len(data):
            raise _broken()
        following = data[at + 1]
        if following == 0xFF:
            at += 1
        elif following == 0x00 or 0xD0 <= following <= 0xD7:
            at += 2
        else:
            return at


def _orientation(tiff: bytes) -> int:
    """The orientation (1 to 8) that a TIFF header's first directory gives; 1 where it gives none."""
    order = {b"II": "<", b"MM": ">"}.get(tiff[:2])
    if order is None or len(tiff) < 10:
        return 1
    (start,) = struct.unpack_from(f"{order}I", tiff, 4)
    if start + 2 > len(tiff):
        return 1
    (count,) = struct.unpack_from(f"{order}H", tiff, start)
    for number in range(min(count, 200)):
        entry = start + 2 + 12 * number
        if entry + 12 > len(tiff):
            break
        tag, kind = struct.unpack_from(f"{order}HH", tiff, entry)
        if tag == 0x0112 and kind == 3:
            (value,) = struct.unpack_from(f"{order}H", tiff, entry + 8)
            return int(value) if 1 <= value <= 8 else 1
    return 1


def _orientation_segment(orientation: int) -> bytes:
    if orientation == 1:
        return b""
    directory = struct.pack(">HHHIHHI", 1, 0x0112, 3, 1, orientation, 0, 0)
    body = _EXIF + b"MM\x00\x2a\x00\x00\x00\x08" + directory
    return b"\xff\xe1" + struct.pack(">H", len(body) + 2) + body


def _clean_png(data: bytes) -> bytes:
    out = bytearray(_PNG)
    at = len(_PNG)
    while True:
        if at + 12 > len(data):
            raise _broken()
        (length,) = struct.unpack_from(">I", data, at)
        kind = data[at + 4 : at + 8]
        end = at + 12 + length
        if end > len(data) or zlib.crc32(data[at + 4 : end - 4]) != int.from_bytes(data[end - 4 : end], "big"):
            raise _broken()
        if kind in _PNG_KEPT:
            out += data[at:end]
        if kind == b"IEND":
            return bytes(out)
        at = end


def _broken() -> BadInput:
    return BadInput("The photo is cut off or damaged.", reason="photo-broken")
