"""Saved views of a list (LIST-4): filter, words, order and columns under a name.

A view belongs to whoever made it and may be shared. It holds a question, never an answer: rows,
columns and conditions are judged anew for each reader (C48).
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from flask_babel import lazy_gettext as _l
from sqlalchemy import (
    JSON,
    ForeignKey,
    Select,
    String,
    bindparam,
    delete,
    func,
    literal,
    null,
    or_,
    select,
    type_coerce,
    union_all,
    update,
)
from sqlalchemy.orm import Mapped, mapped_column

from app.extensions import db
from app.spec.conditions import columns_in, renamed
from app.spec.entity import Entity
from app.spec.errors import Conflict, Invalid, NotFound, StaleVersion
from app.spec.options import fixed, option
from app.spec.private import OWN
from app.spec.words import either
from app.store.context import actor
from app.store.preferences import Preference
from app.store.rights import Rights

MOST = 100
"""So many views one person may keep of one entity."""

AUDIENCE = fixed(
    "view_audience",
    "Shared with",
    "共享给",
    option("nobody", "Only me", "仅自己"),
    option("some", "Roles and departments", "指定角色和部门"),
    option("all", "Everybody", "所有人"),
)


class SavedView(db.Model):  # type: ignore[name-defined,misc]
    """One view; ``definition`` is what it shows, ``circle`` the roles and departments it is for."""

    __tablename__ = "saved_view"
    __table_args__ = {"sqlite_autoincrement": True}  # noqa: RUF012 - SQLAlchemy's own form

    id: Mapped[int] = mapped_column(primary_key=True)
    version: Mapped[int] = mapped_column(default=1)
    entity: Mapped[str] = mapped_column(String(40), index=True)
    owner_id: Mapped[int] = mapped_column(ForeignKey("user_account.id"))
    name: Mapped[str] = mapped_column(String(60), default="")
    name_en: Mapped[str] = mapped_column(String(60), default="")
    audience: Mapped[str] = mapped_column(String(10), default="nobody")
    circle: Mapped[Any] = mapped_column(JSON, default=dict)
    definition: Mapped[Any] = mapped_column(JSON)


@dataclass(frozen=True)
class Definition:
    """What a view shows, in the grammar of contract §3; empty means as the list is anyway."""

    filters: tuple[Any, ...] = ()
    search: str = ""
    order: str = ""
    columns: tuple[str, ...] = ()
    display: str = "table"

    def to_json(self) -> dict[str, Any]:
        return {
            "filters": [*self.filters],
            "search": self.search,
            "order": self.order,
            "columns": [*self.columns],
            "display": self.display,
        }

    @classmethod
    def from_json(cls, stored: Mapping[str, Any]) -> "Definition":
        lists = {key: tuple(stored[key]) for key in ("filters", "columns")}
        return cls(**{**stored, **lists})


PLAIN = Definition()
"""The list as it is: no filter, no words, the declared order and columns."""


@dataclass(frozen=True)
class Shared:
    """Who may use a view: nobody else, everybody, or roles and departments with those below."""

    audience: str = "nobody"
    roles: frozenset[int] = frozenset()
    departments: frozenset[int] = frozenset()

    def reaches(self, rights: Rights) -> bool:
        """Whether it is shared with that person."""
        if self.audience != "some":
            return self.audience == "all"
        return bool(self.roles & rights.role_ids or self.departments & rights.above)


@dataclass(frozen=True)
class Kept:
    """A saved view as its reader finds it."""

    id: int
    version: int
    entity: str
    owner_id: int
    names: tuple[str, str]
    """Chinese, English; one of them may be empty."""
    shared: Shared
    definition: Definition

    @property
    def label(self) -> str:
        """Its name in the reader's language, in the other one when that is empty (UI-8)."""
        return either(*self.names)


@dataclass(frozen=True)
class Shelf:
    """What one reader has for the list of an entity: his choices, and the views he may use."""

    choices: Mapping[str, Any] = field(default_factory=dict)
    views: tuple[Kept, ...] = ()

    def view(self, number: int) -> Kept:
        """The view of that number; NotFound for one that isn't there for him."""
        for one in self.views:
            if one.id == number:
                return one
        raise NotFound


def shelf(entity: Entity, *preferences: str) -> Shelf:
    """The reader's choices under these keys and the views he may use, in one statement."""
    asked = {"here": entity.key, "keys": preferences, **_asked([entity.key])}
    rows = db.session.execute(_shelf(), asked).all()
    return Shelf(
        choices={row.name: row.definition for row in rows if not row.id},
        views=_his(row for row in rows if row.id),
    )


@cache
def _shelf() -> Any:
    """Made once, because every list asks it."""
    choice, blank = Preference.__table__.c, literal("")
    choices = select(
        literal(0).label("id"),
        literal(0).label("version"),
        bindparam("here", type_=String).label("entity"),
        choice.user_id.label("owner_id"),
        choice.key.label("name"),
        blank.label("name_en"),
        blank.label("audience"),
        type_coerce(null(), JSON).label("circle"),
        choice.value.label("definition"),
    ).where(choice.user_id == bindparam("me"), choice.key.in_(bindparam("keys", expanding=True)))
    return union_all(choices, _told())


def of_lists(entities: Iterable[str]) -> tuple[Kept, ...]:
    """The views of these entities that the reader may use: his own and those shared with him."""
    return _his(db.session.execute(_told(), _asked(entities)))


def _asked(entities: Iterable[str]) -> dict[str, Any]:
    return {"me": actor().user_id, "entities": [*entities]}


@cache
def _told() -> Select[Any]:
    """His own views of some entities, and those that are shared with anybody."""
    view = SavedView.__table__.c
    columns = (view.id, view.version, view.entity, view.owner_id, view.name, view.name_en)
    shown = or_(view.owner_id == bindparam("me"), view.audience != "nobody")
    found = select(*columns, view.audience, view.circle, view.definition)
    return found.where(view.entity.in_(bindparam("entities", expanding=True)), shown)


def _his(rows: Iterable[Any]) -> tuple[Kept, ...]:
    me, rights = actor().user_id, actor().rights
    found = sorted((_kept(row) for row in rows), key=lambda one: one.id)
    return tuple(v for v in found if v.owner_id == me or v.shared.reaches(rights))


def _kept(row: Any) -> Kept:
    circle = {key: frozenset(some) for key, some in row.circle.items()}
    return Kept(
        row.id,
        row.version,
        row.entity,
        row.owner_id,
        (row.name, row.name_en),
        Shared(row.audience, **circle),
        Definition.from_json(row.definition),
    )


def add(entity: Entity, names: tuple[str, str], shared: Shared, definition: Definition) -> int:
    """Keep a view as the actor's own; gives its number. Conflict for too many, Invalid."""
    _check(shared, definition)
    table, me = SavedView.__table__, actor().user_id
    mine = select(func.count()).where(table.c.entity == entity.key, table.c.owner_id == me)
    if (db.session.scalar(mine) or 0) >= MOST:
        raise Conflict(_l("You have %(n)s views of this list already. Delete one first.", n=MOST))
    new = {"entity": entity.key, "owner_id": me, "version": 1, "definition": definition.to_json()}
    number: int = db.session.execute(
        table.insert().values(**new, **_words(names, shared)).returning(table.c.id)
    ).scalar_one()
    return number


def change(
    view: Kept,
    version: int,
    *,
    names: tuple[str, str] | None = None,
    shared: Shared | None = None,
    definition: Definition | None = None,
) -> None:
    """Change what is given of a view; StaleVersion when somebody was faster (R4), Invalid."""
    _check(shared or view.shared, definition or view.definition)
    table = SavedView.__table__
    values: dict[str, Any] = _words(names or view.names, shared or view.shared)
    if definition is not None:
        values["definition"] = definition.to_json()
    changed: Any = db.session.execute(
        update(table)
        .where(table.c.id == view.id, table.c.version == version)
        .values(version=version + 1, **values)
    )
    if changed.rowcount != 1:
        raise StaleVersion(details={"version": view.version})


def remove(view: Kept, version: int | None = None) -> None:
    """Forget a view; whoever had chosen it starts with all rows again.

    With ``version`` only while it has that one; StaleVersion when somebody was faster (R4).
    """
    table = SavedView.__table__
    gone = delete(table).where(table.c.id == view.id)
    if version is not None:
        gone = gone.where(table.c.version == version)
    answer: Any = db.session.execute(gone)
    if version is not None and not answer.rowcount:
        raise StaleVersion(details={"version": view.version})


def _check(shared: Shared, definition: Definition) -> None:
    """Invalid for a view that would show others what its owner noted for himself (CUS-8)."""
    if shared.audience != "nobody" and not OWN.keys().isdisjoint(columns_in(definition.filters)):
        raise Invalid(
            fields={
                "audience": [_l("A view that filters by your own tags or notes can't be shared.")]
            }
        )


def rename(places: Sequence[tuple[str, str]], names: Mapping[str, str]) -> None:
    """Let everybody's views go on finding what is called otherwise now; they are read at once.

    ``names`` maps folded old names to new ones, among the values of conditions on these
    ``places``: pairs of an entity and a column.
    """
    if not places:
        return
    table = SavedView.__table__
    kept = db.session.execute(
        select(table.c.id, table.c.entity, table.c.definition).where(
            table.c.entity.in_({entity for entity, _column in places})
        )
    )
    changed = []
    for number, entity, definition in kept:
        filters = definition["filters"]
        for column in (column for other, column in places if other == entity):
            filters = renamed(filters, column, names)
        if filters != definition["filters"]:
            changed.append({"number": number, "now": {**definition, "filters": filters}})
    if changed:
        one = update(table).where(table.c.id == bindparam("number"))
        values = {"version": table.c.version + 1, "definition": bindparam("now")}
        db.session.connection().execute(one.values(values), changed)


def _words(names: tuple[str, str], shared: Shared) -> dict[str, Any]:
    circle = {"roles": sorted(shared.roles), "departments": sorted(shared.departments)}
    zh, en = names
    return {"name": zh, "name_en": en, "audience": shared.audience, "circle": circle}


def may_change(view: Kept) -> bool:
    """Its owner may change a view; a super admin also one that is shared with others."""
    mine = view.owner_id == actor().user_id
    return mine or (actor().rights.is_super and view.shared.audience != "nobody")
