"""A parameter that maps fields to new values, for bulk edits; the fields check its parts."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from flask_babel import lazy_gettext as _l

from app.spec.field import Field


@dataclass(frozen=True, kw_only=True)
class ValuesField(Field):
    """A JSON object of field keys to raw values."""

    kind: ClassVar[str] = "values"

    @property
    def is_stored(self) -> bool:
        return False

    def convert(self, raw: Any) -> dict[str, Any]:
        if not isinstance(raw, Mapping):
            raise ValueError(_l("This must map fields to values."))
        return dict(raw)
