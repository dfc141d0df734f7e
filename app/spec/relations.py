"""Fields that point at other records.

A relation is read as ``{"id", "label"}`` and written as an id under the same name (contract §2); a
person may also be named by username. What may be pointed at is decided by the reader's scope when
the value is resolved: an id alone proves nothing (C23).
"""

from dataclasses import dataclass
from typing import Any, ClassVar

from flask_babel import lazy_gettext as _l
from sqlalchemy import Integer
from sqlalchemy.types import TypeEngine

from app.spec.field import BLANK_OPERATORS, Field
from app.spec.kinds import plain_width
from app.spec.text import is_storable

RELATION_OPERATORS = ("rel_o_m", "nrel_o_m", "eq", "neq", "in", "not_in")


@dataclass(frozen=True, kw_only=True)
class RelationField(Field):
    """A many-to-one link to another entity, by its catalogue key."""

    kind: ClassVar[str] = "relation"
    operators: ClassVar[tuple[str, ...]] = RELATION_OPERATORS + BLANK_OPERATORS
    to: str
    is_parent: bool = False
    """The record belongs to its target: it is deleted and restored with it (CUS-3)."""
    is_constrained: bool = True
    """False: no foreign key in the database. For links to people, who are never deleted (ORG-1),
    and for those that would close a circle of tables."""

    @property
    def column(self) -> str:
        return f"{self.key}_id"

    @property
    def is_person(self) -> bool:
        return self.to == "user"

    def column_type(self) -> TypeEngine[Any]:
        return Integer()

    def convert(self, raw: Any) -> Any:
        """An id, or for people a username; resolving it is the store's business."""
        if isinstance(raw, bool) or not isinstance(raw, int | str):
            raise ValueError(_l("Not a valid choice."))
        wanted = plain_width(str(raw)).strip()
        if wanted.isdecimal() and len(wanted) < 10:
            return int(wanted)
        if self.is_person and isinstance(raw, str) and is_storable(raw):
            return raw.strip()
        raise ValueError(_l("Not a valid choice."))


@dataclass(frozen=True, kw_only=True)
class LinksField(Field):
    """Several linked records, kept in a link table: people's roles, a pool's members."""

    kind: ClassVar[str] = "relations"
    operators: ClassVar[tuple[str, ...]] = ("rel_m_m",)
    to: str
    table: str = ""
    """The link table; its columns are ``<this entity>_id`` and ``<target>_id``."""

    @property
    def is_stored(self) -> bool:
        return False

    def convert(self, raw: Any) -> list[int]:
        items = raw if isinstance(raw, list | tuple) else [raw]
        single = RelationField(label=self.label, key=self.key, to=self.to)
        found = [single.parse(item) for item in items if item not in (None, "")]
        return sorted(set(found), key=str)  # links have no order: the same set is the same value

    def parse(self, raw: Any) -> Any:
        return [] if raw is None else self.convert(raw)
