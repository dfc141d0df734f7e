"""An import that another process began: what its rows have claimed so far (C77, C79).

Each portion stores what it claims in the transaction that imports it. Who takes the import up reads
that and nothing else, so he decides as the first one would have, had nobody ended him.
"""

import json
import zlib
from typing import Any

from flask_babel import lazy_gettext as _l

from app.operations.importing.plan import Claims
from app.spec.errors import Conflict
from app.store import imports

UNTOLD = _l(
    "An earlier version of the program began this import and didn't keep what the next rows have "
    "to know. Undo it and import the file again, or import the missing rows as a file of their own."
)


def packed(claims: Claims) -> bytes:
    """What one portion claims, as it is stored beside its rows."""
    found = [list(some.items()) for some in claims.told]
    return zlib.compress(json.dumps(found, ensure_ascii=False).encode(), 1)


def claims_before(number: int, place: int) -> Claims:
    """What the portions of an import before that place claim; needs no transaction.

    Conflict when one of them didn't say so: then nothing can be decided about later rows.
    """
    claims, told = Claims(), 0
    for portion in imports.claims(number, place):
        told += 1
        for mine, pairs in zip(claims.told, json.loads(zlib.decompress(portion)), strict=True):
            mine.update((_sign(key), value) for key, value in pairs)
    if told < place:
        raise Conflict(UNTOLD)
    return claims


def _sign(stored: Any) -> Any:
    """A sign, or a number, as it was before it was stored."""
    return tuple(map(_sign, stored)) if isinstance(stored, list) else stored
