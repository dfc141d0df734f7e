"""Parameters about fields: new values for a bulk edit, columns for an export."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from flask_babel import lazy_gettext as _l

from app.spec.field import Field
from app.spec.kinds import OptionField


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


@dataclass(frozen=True, kw_only=True)
class ColumnsField(OptionField):
    """A choice of columns; programs may name them instead, in the order they want (contract §5)."""

    def convert(self, raw: Any) -> Any:
        if not isinstance(raw, list):
            return super().convert(raw)
        if not raw or not all(isinstance(one, str) for one in raw) or len(set(raw)) < len(raw):
            raise ValueError(_l("This must be a list of different columns."))
        return raw
