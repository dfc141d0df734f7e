"""Fields that point at other records.

A relation is read as ``{"id", "label"}`` and written as an id under the same name (contract §2); a
person may also be named by username. What may be pointed at is decided by the reader's scope when
the value is resolved: an id alone proves nothing (C23).
"""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from flask_babel import lazy_gettext as _l
from sqlalchemy import Integer
from sqlalchemy.types import TypeEngine

from app.spec.field import BLANK_OPERATORS, Field
from app.spec.kinds import plain_width
from app.spec.text import clean, fold, is_storable

TAG_LENGTH, MOST_TAGS = 40, 50
TAG_SEPARATORS = re.compile("[,，、;；\n]")
"""What parts the tags of one text; no tag has one of them in its name."""
LINK_OPERATORS = ("rel_m_m", "any", "all", "none", *BLANK_OPERATORS)
RELATION_OPERATORS = ("rel_o_m", "nrel_o_m", "eq", "neq", "in", "not_in")


@dataclass(frozen=True, kw_only=True)
class RelationField(Field):
    """A many-to-one link to another entity, by its catalogue key."""

    kind: ClassVar[str] = "relation"
    operators: ClassVar[tuple[str, ...]] = RELATION_OPERATORS + BLANK_OPERATORS
    to: str
    is_parent: bool = False
    """The record belongs to its target: it is deleted and restored with it (CUS-3)."""
    told_with: str = ""
    """The field of its target that pages show beside the name, as their reader may (CUS-6)."""
    among: Callable[[], Sequence[int]] | None = None
    """Of a parameter: the only records that whoever acts may choose."""
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
    operators: ClassVar[tuple[str, ...]] = LINK_OPERATORS
    is_named: ClassVar[bool] = False
    """Whether the linked records are read and written by their names, not by id (contract §2)."""
    to: str
    lets_in: bool = False
    """Whoever stands in it has the record in his scope of whatever is ``for_partakers`` (contract
    §6): a task's participants. Its people are linked, and the record has an owner besides."""
    told_as: str = ""
    """The kind of message that whoever is put in by somebody else gets; none when empty."""
    hears: bool = True
    """Of those who are let in: whether they are told of comments on the record, as its owner is."""
    table: str = ""
    """The link table; its columns are ``<this entity>_id`` and ``<target>_id``. Unless one is
    named, it is called after this entity and the field, and made with the model."""

    @property
    def is_stored(self) -> bool:
        return False

    def convert(self, raw: Any) -> list[Any]:
        items = raw if isinstance(raw, list | tuple) else [raw]
        single = RelationField(label=self.label, key=self.key, to=self.to)
        found = [single.parse(item) for item in items if item not in (None, "")]
        return sorted(set(found), key=str)  # links have no order: the same set is the same value

    def parse(self, raw: Any) -> Any:
        return [] if raw is None else self.convert(raw)


@dataclass(frozen=True, kw_only=True)
class TagsField(LinksField):
    """Short names that many records share. Whoever may create tags makes a new one by using it."""

    kind: ClassVar[str] = "tags"
    is_named: ClassVar[bool] = True
    to: str = "tag"
    is_open: bool = True
    """Whether a name that no tag has yet may be given."""

    def convert(self, raw: Any) -> list[str]:
        """Names, in a list or in one text with separators; each once, however it is spelled."""
        items = raw if isinstance(raw, list | tuple) else [raw]
        names: dict[str, str] = {}
        for item in items:
            if not isinstance(item, str) or not is_storable(item):
                raise ValueError(_l("This must be text."))
            for part in filter(None, map(clean, TAG_SEPARATORS.split(item))):
                names.setdefault(fold(part), part)
        if any(len(name) > TAG_LENGTH for name in names.values()):
            raise ValueError(_l("At most %(n)s characters.", n=TAG_LENGTH))
        if len(names) > MOST_TAGS:
            raise ValueError(_l("At most %(n)s tags.", n=MOST_TAGS))
        return sorted(names.values())
