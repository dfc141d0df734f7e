"""Pictures that people upload: what they are is read from their bytes, never from their name (C60).

Only the two kinds that every browser shows and that carry no script: PNG and JPEG.
"""

import hashlib
import struct
import zlib
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, ClassVar

from flask_babel import lazy_gettext as _l

from app.spec.kinds import TextField

MOST_BYTES = 200 * 1024
LONGEST_SIDE = 2_000
MOST_PIXELS = 100_000_000
"""Of a photo attached to a record."""
TYPES = {"png": "image/png", "jpg": "image/jpeg"}
PNG_MARK = b"\x89PNG\r\n\x1a\n"
_JPEG_FRAMES = frozenset({0xC0, 0xC1, 0xC2, 0xC3, 0xC5, 0xC6, 0xC7, 0xC9, 0xCA, 0xCB, 0xCD, 0xCE})
_JPEG_SCAN = 0xDA
_JPEG_DROPPED = frozenset({*range(0xE1, 0xEE), 0xEF, 0xFE})
"""Comments and the data of cameras and programs; the two that colours depend on stay."""
_JPEG_EXIF, _EXIF = 0xE1, b"Exif\0\0"
_ORIENTATION, _SHORT, _UPRIGHT = 0x0112, 3, 1
_PNG_KEPT = frozenset({b"IHDR", b"PLTE", b"tRNS", b"gAMA", b"sRGB", b"IDAT", b"IEND"})


@dataclass(frozen=True, kw_only=True)
class PictureField(TextField):
    """A small picture, by the name it is kept under: the digest of its bytes and its kind."""

    kind: ClassVar[str] = "picture"
    max_length: int = 80

    def normalise(self, value: str) -> str:
        digest, _dot, kind = value.partition(".")
        if kind not in TYPES or len(digest) != 64 or set(digest) - set("0123456789abcdef"):
            raise ValueError(_l("This is not a picture that was uploaded."))
        return value

    def to_text(self, value: Any) -> str:
        return str(value)[:8] if value else ""


def examined(content: bytes) -> tuple[str, bytes]:
    """The name to keep a picture under and its bytes without what only programs read (C65).

    ValueError when it is no picture, broken or too large.
    """
    if len(content) > MOST_BYTES:
        raise ValueError(_l("At most %(n)s KB.", n=MOST_BYTES // 1024))
    kind = "png" if content.startswith(PNG_MARK) else "jpg"
    size, cleaned = _understood(content, kind)
    if not all(0 < side <= LONGEST_SIDE for side in size):
        raise ValueError(_l("At most %(n)s pixels a side.", n=LONGEST_SIDE))
    return f"{hashlib.sha256(cleaned).hexdigest()}.{kind}", cleaned


def stripped(content: bytes, kind: str) -> bytes:
    """A photo's bytes without what only programs read, but for how the camera was held (C69).

    ValueError for what is no photo or has too many pixels.
    """
    (width, height), cleaned = _understood(content, kind)
    if not 0 < width * height <= MOST_PIXELS:
        raise ValueError(_l("At most %(n)s pixels.", n=f"{MOST_PIXELS:,}"))
    return cleaned


def _understood(content: bytes, kind: str) -> tuple[tuple[int, int], bytes]:
    try:
        return (_png if kind == "png" else _jpeg)(content)
    except (ValueError, struct.error, IndexError):
        raise ValueError(_l("This is not a PNG or JPEG picture.")) from None


def _png(content: bytes) -> tuple[tuple[int, int], bytes]:
    """Width and height, and the parts that are the picture; every part must be whole."""
    if not content.startswith(PNG_MARK):
        raise ValueError
    parts = list(_png_parts(content))
    if parts[0][0] != b"IHDR" or parts[-1][0] != b"IEND":
        raise ValueError
    width, height = struct.unpack(">II", parts[0][2][8:16])
    return (width, height), PNG_MARK + b"".join(
        raw for kind, _at, raw in parts if kind in _PNG_KEPT
    )


def _png_parts(content: bytes) -> Iterator[tuple[bytes, int, bytes]]:
    """Each part's kind, place and bytes; ValueError for a wrong sum or anything behind the end."""
    at, kind = len(PNG_MARK), b""
    while at < len(content):
        if kind == b"IEND":
            raise ValueError
        length, kind = struct.unpack(">I4s", content[at : at + 8])
        raw = content[at : at + 12 + length]
        if struct.unpack(">I", raw[8 + length :])[0] != zlib.crc32(raw[4 : 8 + length]):
            raise ValueError
        yield kind, at, raw
        at += len(raw)


def _jpeg(content: bytes) -> tuple[tuple[int, int], bytes]:
    """Width and height, and the picture without comments and camera data."""
    if not content.startswith(b"\xff\xd8\xff") or not content.endswith(b"\xff\xd9"):
        raise ValueError
    at, size, kept = 2, (0, 0), [content[:2]]
    while content[at + 1] != _JPEG_SCAN:
        if content[at] != 0xFF:
            raise ValueError
        mark, length = content[at + 1], struct.unpack(">H", content[at + 2 : at + 4])[0]
        if mark in _JPEG_FRAMES:
            height, width = struct.unpack(">HH", content[at + 5 : at + 9])
            size = (width, height)
        part = content[at : at + 2 + length]
        if mark not in _JPEG_DROPPED:
            kept.append(part)
        elif mark == _JPEG_EXIF and part[4:10] == _EXIF:
            kept.append(_turned(_orientation(part[10:])))
        at += 2 + length
    return size, b"".join([*kept, content[at:]])


def _orientation(exif: bytes) -> int:
    """How the camera was held, 1 to 8; upright where that is not said or not understood."""
    with suppress(KeyError, struct.error):
        order = {b"II": "<", b"MM": ">"}[exif[:2]]
        (at,) = struct.unpack(f"{order}I", exif[4:8])
        (count,) = struct.unpack(f"{order}H", exif[at : at + 2])
        for start in range(at + 2, at + 2 + 12 * count, 12):
            tag, kind, _n, way = struct.unpack(f"{order}HHIH", exif[start : start + 10])
            if tag == _ORIENTATION and kind == _SHORT and _UPRIGHT <= way <= 8:
                return int(way)
    return _UPRIGHT


def _turned(way: int) -> bytes:
    """A part that says nothing but that; none for an upright picture."""
    if way == _UPRIGHT:
        return b""
    told = _EXIF + struct.pack(">2sHIHHHIHHI", b"MM", 42, 8, 1, _ORIENTATION, _SHORT, 1, way, 0, 0)
    return struct.pack(">BBH", 0xFF, _JPEG_EXIF, len(told) + 2) + told
