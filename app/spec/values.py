"""Kinds of fields for few: values for a bulk edit, columns of an export or a pool, time zones."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar
from zoneinfo import available_timezones

from flask_babel import lazy_gettext as _l
from sqlalchemy import JSON
from sqlalchemy.types import TypeEngine

from app.spec.field import Field
from app.spec.kinds import ChoicesField, OptionField, TextField
from app.spec.words import listed


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
class PicksField(Field):
    """A JSON object of field keys to the record whose value is meant."""

    kind: ClassVar[str] = "picks"

    @property
    def is_stored(self) -> bool:
        return False

    def convert(self, raw: Any) -> dict[str, int]:
        if not isinstance(raw, Mapping):
            raise ValueError(_l("This must map fields to records."))
        found = {str(key): _number(one) for key, one in raw.items()}
        if None in found.values():
            raise ValueError(_l("This must map fields to records."))
        return {key: one for key, one in found.items() if one}


def _number(raw: Any) -> int | None:
    """A record's number, as a program or a form sends it; None for anything else."""
    if isinstance(raw, bool) or not isinstance(raw, int | str):
        return None
    text = str(raw)
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else None


@dataclass(frozen=True, kw_only=True)
class ColumnsField(OptionField):
    """A choice of columns; programs may name them instead, in the order they want (contract §5)."""

    def convert(self, raw: Any) -> Any:
        if not isinstance(raw, list):
            return super().convert(raw)
        if not raw or not all(isinstance(one, str) for one in raw) or len(set(raw)) < len(raw):
            raise ValueError(_l("This must be a list of different columns."))
        return raw


@dataclass(frozen=True, kw_only=True)
class KeptChoicesField(ChoicesField):
    """Several choices of a list, kept with the record by their codes, in the order of the list."""

    operators: ClassVar[tuple[str, ...]] = ()
    filterable: bool = False
    default: Any = list

    @property
    def is_stored(self) -> bool:
        return True

    def column_type(self) -> TypeEngine[Any]:
        return JSON()

    def parse(self, raw: Any) -> Any:
        chosen = super().parse(raw)
        return [code for code in self.choices.codes() if code in chosen]

    def to_text(self, value: Any) -> str:
        return listed(self.choices.text(code) for code in value or ())


@dataclass(frozen=True, kw_only=True)
class TimeZoneField(TextField):
    """A place of the world's time zone database, as Asia/Shanghai."""

    max_length: int = 40

    def normalise(self, value: str) -> str:
        if value not in available_timezones():
            raise ValueError(_l("This must be a time zone, as Asia/Shanghai."))
        return value
