"""What every stored record has, and how declared fields become columns.

A model names its fields with the helpers of ``app.spec.columns``. When the class is made, each
field becomes a typed column (a relation: a foreign key and a relationship), its derived columns and
its indexes, and the fields stay readable under ``__fields__`` in the order they were declared.
"""

import re
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from typing import Any, ClassVar

from sqlalchemy import (
    Column,
    ForeignKey,
    Index,
    Integer,
    String,
    Table,
    and_,
    bindparam,
    func,
    literal,
    or_,
    select,
    true,
)
from sqlalchemy.orm import (
    Mapped,
    column_property,
    foreign,
    mapped_column,
    relationship,
    remote,
)

from app.extensions import db
from app.spec import clock, recycling
from app.spec.catalogue import catalogue
from app.spec.columns import boolean, choice, link, long_text, moment, person, text
from app.spec.days import DaysLeftField
from app.spec.entity import Entity
from app.spec.field import Field, Section
from app.spec.kinds import BooleanField, CountField
from app.spec.options import fixed, option
from app.spec.relations import LinksField, RelationField
from app.spec.types import UTCDateTime
from app.spec.values import KeptChoicesField
from app.spec.views import View, quiet, view
from app.spec.words import Label
from app.store import indexes

TABLES = {"user": "user_account"}
"""Where the table is not called as the entity (``user`` is a reserved word of SQL)."""

_SYSTEM: dict[str, Any] = {"system": True, "section": Section.SYSTEM}

OBTAINED_WAY = fixed(
    "obtained_way",
    "Obtained by",
    "获得方式",
    option("created", "Created", "新建"),
    option("imported", "Imported", "导入"),
    option("assigned", "Assigned", "分配"),
    option("transferred", "Transferred", "转移"),
    option("claimed", "Claimed", "领取"),
)


def table_of(key: str) -> str:
    """The table of the entity of that key."""
    return TABLES.get(key, key)


def snake(name: str) -> str:
    return re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()


class Entry(db.Model):  # type: ignore[name-defined,misc]
    """A stored row with declared fields and an id; enough for what is written once and kept."""

    __abstract__ = True
    __fields__: ClassVar[dict[str, Field]] = {}
    __owned__: ClassVar[bool] = False
    __attached__: ClassVar[bool] = False
    __pooled__: ClassVar[bool] = False
    __binned__: ClassVar[bool] = False

    id: Mapped[int] = mapped_column(primary_key=True, sort_order=-10)

    def __init_subclass__(cls, **kwargs: Any) -> None:
        if not cls.__dict__.get("__abstract__"):
            _build(cls)
        super().__init_subclass__(**kwargs)


class Row(Entry):
    """A stored record: version for the optimistic lock, who made and who last changed it."""

    __abstract__ = True

    version: Mapped[int] = mapped_column(default=1, server_default="1", sort_order=-9)

    created_at = moment("Created at", "创建时间", sortable=True, **_SYSTEM)
    created_by = person("Creator", "创建人", is_constrained=False, **_SYSTEM)
    updated_at = moment("Updated at", "更新时间", sortable=True, **_SYSTEM)
    updated_by = person("Updated by", "更新人", is_constrained=False, **_SYSTEM)


class Record(Row):
    """A business record: deleting it means the recycle bin (CUS-3)."""

    __abstract__ = True
    __binned__ = True

    deleted_at: Mapped[Any] = mapped_column(UTCDateTime(), nullable=True, sort_order=90)
    deleted_by_id: Mapped[Any] = mapped_column(Integer, nullable=True, sort_order=91)
    delete_batch: Mapped[Any] = mapped_column(String(36), nullable=True, sort_order=92)


class Owned:
    """Rows that somebody is responsible for; the data scopes are about this field (PERM-1)."""

    __owned__ = True

    owner = person(
        "Owner", "负责人", listed=True, fact=True, quick=True, editable=False, beside="care"
    )


class Attached:
    """Rows that belong to a record of one of several kinds: whoever reads it reads them (ACT-3).

    Its parents are the relations marked ``is_parent``; a row has one of them.
    """

    __attached__ = True
    __views__: ClassVar[tuple[View, ...]] = (
        view("mine", "Mine", "我记录的", "author", "eq", "@me"),
        view("my_people", "My people's", "下属记录的", "author", "eq", "@my_people"),
    )

    author = person("Author", "记录人", listed=True, quick=True, editable=False)
    happened_at = moment(
        "Time", "跟进时间", listed=True, sortable=True, quick=True, required=True, default=clock.now
    )


class Pooled(Owned):
    """Owned rows that may lie in a pool instead of having an owner (POOL-8)."""

    __pooled__ = True
    __views__: ClassVar[tuple[View, ...]] = tuple(
        quiet(days, "last_follow_up_at", "obtained_at", "created_at") for days in (7, 30)
    )

    pool = link("Pool", "公海池", "pool", beside="pool", **_SYSTEM)
    pooled_at = moment("Entered the pool at", "进入公海时间", beside="pool", **_SYSTEM)
    previous_owner = person(
        "Previous owner", "前负责人", is_constrained=False, beside="pool", **_SYSTEM
    )
    obtained_at = moment("Obtained at", "获得时间", beside="care", **_SYSTEM)
    obtained_way = choice("Obtained by", "获得方式", OBTAINED_WAY, beside="care", **_SYSTEM)
    is_followed_up = boolean("Followed up", "已跟进", system=True, section=Section.NEWS)
    last_follow_up_at = moment(
        "Last follow-up time",
        "最后跟进时间",
        sortable=True,
        system=True,
        section=Section.NEWS,
        beside="care",
    )
    days_left = DaysLeftField(
        label=Label("Days until recycled", "距收回天数"),
        system=True,
        section=Section.NEWS,
        beside="care",
    )
    last_follow_up_text = long_text(
        "Last follow-up", "最后跟进内容", system=True, section=Section.NEWS
    )


class Lockable:
    """Rows that can be kept from being released or recycled, for a time or for good (CUS-2)."""

    is_locked = boolean(
        "Locked",
        "已锁定",
        until="locked_until",
        flag="orange",
        listed=True,
        beside="lock",
        **_SYSTEM,
    )
    locked_until = moment("Locked until", "锁定至", beside="lock", **_SYSTEM)
    lock_reason = text("Lock reason", "锁定原因", max_length=255, beside="lock", **_SYSTEM)


def _declared(cls: type) -> Iterator[tuple[str, Field]]:
    """The fields of a class: its own first, then those of its bases, each once."""
    seen: set[str] = set()
    for base in cls.__mro__:
        for key, value in vars(base).items():
            if isinstance(value, Field) and key not in seen:
                seen.add(key)
                yield key, value


def _build(cls: Any) -> None:
    """Replace the declared fields of a model by columns, relationships and indexes."""
    if "__tablename__" not in cls.__dict__:
        cls.__tablename__ = table_of(snake(cls.__name__))
    fields = {key: _placed(cls, field.keyed(key)) for key, field in list(_declared(cls))}
    for key, field in fields.items():
        if isinstance(field, RelationField):
            _add_relation(cls, field)
        elif isinstance(field, LinksField):
            continue
        elif isinstance(field, CountField):
            delattr(cls, key)  # its SQL needs all links: ``count_links`` puts it here
        elif isinstance(field, DaysLeftField):
            setattr(cls, key, property(partial(days_left, cls)))
        elif field.is_stored:
            setattr(cls, key, _column(field))
        for derived in field.derived:
            column = mapped_column(_bytewise(derived.length), nullable=True)
            setattr(cls, derived.column_of(key), column)
        if field.shared_by:
            setattr(cls, field.shared_by, mapped_column(Integer, nullable=True))
    for field in fields.values():
        if isinstance(field, BooleanField) and field.until:
            _let_end(cls, field)
    cls.__fields__ = fields
    extra = cls.__dict__.get("__table_args__", ())
    cls.__table_args__ = (*extra, *indexes.of_model(cls, fields), {"sqlite_autoincrement": True})


def _placed(cls: Any, field: Field) -> Field:
    """Links without a table named for them get one of their own."""
    if not isinstance(field, LinksField) or field.table:
        return field
    name = f"{cls.__tablename__}_{field.key}"
    ends = ((snake(cls.__name__), cls.__tablename__), (field.to, table_of(field.to)))
    columns: list[Column[Any]] = [
        Column(f"{key}_id", ForeignKey(f"{table}.id"), primary_key=True) for key, table in ends
    ]
    mine, theirs = (column.name for column in columns)
    found = [theirs, mine] if field.lets_in else [theirs]  # a scope is found in the index alone
    Table(name, db.metadata, *columns, Index(f"ix_{name}_{theirs}", *found))
    return replace(field, table=name)


def days_left(model: Any, record: Any) -> int | None:
    """In how many days a pool takes a record that is read; None for never (POOL-6)."""
    entity = catalogue.of(model)
    return recycling.days_left(entity, record) if entity else None


def count_links() -> None:
    """Teach each counting field its SQL; called once, when all links are declared.

    Counted everywhere and whoever asks, but only what is not in the recycle bin.
    """
    for entity in catalogue:
        for field in entity.fields.values():
            if isinstance(field, CountField):
                counted = column_property(_linked_with(entity), deferred=True)
                setattr(entity.model, field.key, counted)


def _linked_with(entity: Entity) -> Any:
    found: Any = literal(0)
    for other in catalogue:
        for field in other.fields.values():
            if isinstance(field, LinksField) and field.to == entity.key:
                links, theirs = db.metadata.tables[field.table], other.model.__table__
                linked = links.c[f"{entity.key}_id"] == entity.model.__table__.c.id
                joined = links.join(theirs, theirs.c.id == links.c[f"{other.key}_id"])
                alive = theirs.c.deleted_at.is_(None) if other.is_binned else true()
                count = select(func.count()).select_from(joined).where(linked, alive)
                found = found + count.scalar_subquery()
    return found


def _bytewise(length: int) -> Any:
    """Text ordered byte by byte: the sort keys are made for that, whatever the server's locale."""
    return String(length).with_variant(String(length, collation="C"), "postgresql")


def _column(field: Field) -> Any:
    if isinstance(field, KeptChoicesField):  # none of them is an empty list
        return mapped_column(field.column, field.column_type(), nullable=False, default=list)
    plain_default = field.default if not callable(field.default) else None
    return mapped_column(
        field.column, field.column_type(), nullable=not field.required, default=plain_default
    )


def _let_end(cls: Any, field: BooleanField) -> None:
    """The attribute asks the clock, so that every reader of the field gets one and the same answer.

    What was written stays in the column.
    """
    written, until = getattr(cls, field.key), getattr(cls, field.until)
    setattr(cls, f"{field.key}_as_written", written)
    now = bindparam(None, callable_=clock.now, type_=UTCDateTime())
    runs = or_(until.is_(None), until > now)
    setattr(cls, field.key, column_property(and_(written, runs)))


def _add_relation(cls: Any, field: RelationField) -> None:
    target = [ForeignKey(f"{table_of(field.to)}.id")] if field.is_constrained else []
    column = mapped_column(Integer, *target, nullable=not field.required)
    setattr(cls, field.column, column)

    def joined() -> Any:
        return foreign(getattr(cls, field.column)) == remote(catalogue.get(field.to).model.id)

    setattr(
        cls,
        field.key,
        relationship(
            lambda: catalogue.get(field.to).model,
            primaryjoin=joined,
            viewonly=True,
            lazy="raise_on_sql",
        ),
    )
