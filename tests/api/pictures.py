"""Small true pictures, built byte by byte: the tests need no image library."""

from __future__ import annotations

import struct
import zlib

# A baseline grey JPEG of 8×8 pixels: quantisation, frame, Huffman tables, one scan.
_QUANT = b"\xff\xdb\x00\x43\x00" + bytes([8] * 64)
_FRAME = b"\xff\xc0\x00\x0b\x08\x00\x08\x00\x08\x01\x01\x11\x00"
_DC = b"\xff\xc4\x00\x14\x00" + bytes([1] + [0] * 15) + b"\x00"
_AC = b"\xff\xc4\x00\x14\x10" + bytes([1] + [0] * 15) + b"\x00"
_SCAN = b"\xff\xda\x00\x08\x01\x01\x00\x00\x3f\x00"
_JFIF = b"\xff\xe0\x00\x10JFIF\x00\x01\x01\x00\x00\x01\x00\x01\x00\x00"


def segment(marker: int, body: bytes) -> bytes:
    """One JPEG segment."""
    return bytes((0xFF, marker)) + struct.pack(">H", len(body) + 2) + body


def exif(orientation: int, *, little: bool = True) -> bytes:
    """An EXIF segment with an orientation and a position that must not get out."""
    order = "<" if little else ">"
    tiff = (b"II" if little else b"MM") + struct.pack(f"{order}HI", 42, 8)
    tiff += struct.pack(f"{order}H", 2)
    tiff += struct.pack(f"{order}HHIHH", 0x0112, 3, 1, orientation, 0)
    tiff += struct.pack(f"{order}HHII", 0x8825, 4, 1, 60) + struct.pack(f"{order}I", 0)
    return segment(0xE1, b"Exif\x00\x00" + tiff + b"GPSSECRET 31.2N 121.5E")


def jpeg(
    *, gps: bool = False, orientation: int = 1, little: bool = True, extra: bytes = b"", tail: bytes = b""
) -> bytes:
    """A JPEG, with metadata as phones write it."""
    head = b"\xff\xd8" + _JFIF + (exif(orientation, little=little) if gps else b"") + extra
    return head + _QUANT + _FRAME + _DC + _AC + _SCAN + b"\x2a\xff\x00\x15\xff\xd0\x7f" + b"\xff\xd9" + tail


def chunk(kind: bytes, body: bytes) -> bytes:
    """One PNG chunk."""
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def png(*, extra: bytes = b"", tail: bytes = b"") -> bytes:
    """A PNG of one grey pixel."""
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", 1, 1, 8, 0, 0, 0, 0))
    data = chunk(b"IDAT", zlib.compress(b"\x00\x80"))
    return b"\x89PNG\r\n\x1a\n" + header + extra + data + chunk(b"IEND", b"") + tail
