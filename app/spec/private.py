"""One's own tags and notes as something to filter by: columns of the grammar, never of a record."""

import re
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, ClassVar

from flask_babel import lazy_gettext as _l
from sqlalchemy.types import TypeEngine

from app.spec.field import BLANK_OPERATORS, Field
from app.spec.text import is_storable
from app.spec.words import Label

MOST, LONGEST = 100, 200
_SEPARATORS = re.compile("[,，、]")


@dataclass(frozen=True, kw_only=True)
class OwnField(Field):
    """A mark of whoever filters (CUS-8); no entity declares it, no file has it."""

    @property
    def is_stored(self) -> bool:
        return False

    def column_type(self) -> TypeEngine[Any]:
        raise NotImplementedError


@dataclass(frozen=True, kw_only=True)
class OwnTagsField(OwnField):
    """The private tags of whoever filters."""

    kind: ClassVar[str] = "own_tags"
    operators: ClassVar[tuple[str, ...]] = ("any", "all", "none", *BLANK_OPERATORS)

    def convert(self, raw: Any) -> list[str]:
        """The tags that are asked for; one text may have several."""
        words = parted(raw) if isinstance(raw, str) else raw
        if not isinstance(words, list | tuple) or not 0 < len(words) <= MOST:
            raise ValueError(_l("This must be text."))
        if not all(_is_word(word) for word in words):
            raise ValueError(_l("This must be text."))
        return [word.strip() for word in words]


@dataclass(frozen=True, kw_only=True)
class OwnNotesField(OwnField):
    """The private notes of whoever filters."""

    kind: ClassVar[str] = "own_notes"
    operators: ClassVar[tuple[str, ...]] = ("ct", "nct", *BLANK_OPERATORS)

    def convert(self, raw: Any) -> list[str]:
        if not _is_word(raw) or len(raw) > LONGEST:
            raise ValueError(_l("At most %(n)s characters.", n=LONGEST))
        return [raw]


def parted(text: str) -> list[str]:
    """The tags that somebody typed into one line."""
    return [one for one in _SEPARATORS.split(text) if one.strip()]


def _is_word(raw: Any) -> bool:
    return isinstance(raw, str) and raw.strip() != "" and is_storable(raw)


MY_TAGS = OwnTagsField(key="my_tags", label=Label("My tags", "我的标签"))
MY_NOTES = OwnNotesField(key="my_notes", label=Label("My notes", "我的笔记"))
OWN = MappingProxyType({field.key: field for field in (MY_TAGS, MY_NOTES)})
"""What everybody may filter by on top of the fields of owned records (CUS-8)."""
