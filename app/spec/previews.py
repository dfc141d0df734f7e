"""Small pictures of pictures: decoded and encoded anew (C65).

So no byte of an upload is ever shown in a page. What can be shown is decided
when a file arrives; its preview is kept beside it.
"""

import io
from typing import IO

from PIL import Image, ImageOps

from app.spec import pictures

LONGEST_SIDE = 960
CONTENT_TYPE = "image/webp"
MOST_DECODED = 25_000_000
"""Pixels, about 100 MB for a moment; a larger picture has no preview (C69)."""
_FORMATS = {"image/png": "PNG", "image/jpeg": "JPEG"}
_GROUND = "white"

Image.MAX_IMAGE_PIXELS = pictures.MOST_PIXELS


def preview(file: IO[bytes], content_type: str) -> bytes | None:
    """A small copy of a picture; None for what is no picture, broken inside or too large."""
    kind = _FORMATS.get(content_type)
    if kind is None:
        return None
    file.seek(0)
    try:
        with Image.open(file, formats=[kind]) as picture:
            return _encoded(picture)
    except (OSError, ValueError, SyntaxError, EOFError):
        return None  # whole in its frame and broken inside: it can be fetched, not looked at


def _encoded(picture: Image.Image) -> bytes | None:
    picture.draft("RGB", (LONGEST_SIDE, LONGEST_SIDE))  # photos are read at a part of their size
    if picture.width * picture.height > MOST_DECODED:
        return None
    picture.thumbnail((LONGEST_SIDE, LONGEST_SIDE))
    shown = ImageOps.exif_transpose(picture).convert("RGBA")
    ground = Image.new("RGBA", shown.size, _GROUND)
    made = io.BytesIO()
    Image.alpha_composite(ground, shown).convert("RGB").save(made, "WEBP", quality=80)
    return made.getvalue()
