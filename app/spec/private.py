"""One's own tags as something to filter by: a column of the filter grammar, never of a record."""

from dataclasses import dataclass
from typing import Any, ClassVar

from flask_babel import lazy_gettext as _l
from sqlalchemy.types import TypeEngine

from app.spec.field import BLANK_OPERATORS, Field
from app.spec.text import is_storable
from app.spec.words import Label

MOST = 100


@dataclass(frozen=True, kw_only=True)
class OwnTagsField(Field):
    """The private tags of whoever filters (CUS-8); no entity declares it, no file has it."""

    kind: ClassVar[str] = "own_tags"
    operators: ClassVar[tuple[str, ...]] = ("any", "none", *BLANK_OPERATORS)

    @property
    def is_stored(self) -> bool:
        return False

    def column_type(self) -> TypeEngine[Any]:
        raise NotImplementedError

    def convert(self, raw: Any) -> list[str]:
        words = raw if isinstance(raw, list | tuple) else [raw]
        if not 0 < len(words) <= MOST or not all(_is_word(word) for word in words):
            raise ValueError(_l("This must be text."))
        return list(words)


def _is_word(raw: Any) -> bool:
    return isinstance(raw, str) and raw != "" and is_storable(raw)


MY_TAGS = OwnTagsField(key="my_tags", label=Label("My tags", "我的标签"))
