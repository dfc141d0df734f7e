"""The search index: tokens in a table of their own beside each searched table (architecture §4).

A side table, so that a change of owner doesn't rewrite the index. PostgreSQL keeps a text-search
vector with a GIN index (of an array the planner thinks that looking into a million is cheap),
SQLite a full-text table. Rows are written in the transaction that writes the record.
Every token says which field it comes from, so that a field somebody doesn't read in full neither
finds nor hides anything for him (C43); those of the title, the most, go without a mark.
"""

from collections.abc import Iterable, Mapping, Sequence
from hashlib import sha256
from typing import Any

from sqlalchemy import (
    CTE,
    ColumnElement,
    Integer,
    Select,
    any_,
    bindparam,
    cast,
    column,
    delete,
    false,
    func,
    select,
    table,
    text,
)
from sqlalchemy.dialects.postgresql import TSQUERY, TSVECTOR

from app.extensions import db
from app.spec.catalogue import catalogue
from app.spec.entity import Entity
from app.spec.field import Field
from app.spec.text import fold
from app.spec.tokens import pieces, query_tokens
from app.store.engine import is_postgres
from app.store.many import append

_UPSERT = (
    "INSERT INTO {name} (id, tokens) VALUES (:id, CAST(:tokens AS tsvector)) "
    "ON CONFLICT (id) DO UPDATE SET tokens = excluded.tokens"
)
_CREATE = {
    "postgresql": (
        "CREATE TABLE {name} (id integer PRIMARY KEY REFERENCES {of} (id) ON DELETE CASCADE, "
        "tokens tsvector NOT NULL)",
    ),
    "sqlite": (
        "CREATE VIRTUAL TABLE {name} USING fts5"
        "(tokens, detail='none', tokenize='unicode61 remove_diacritics 0')",
    ),
}
_INDEX = "CREATE INDEX IF NOT EXISTS ix_{name}_tokens ON {name} USING gin (tokens)"
_EXISTS = {
    "postgresql": "SELECT to_regclass(:name) IS NOT NULL",
    "sqlite": "SELECT count(*) FROM sqlite_master WHERE name = :name",
}


FORMAT = 3
"""Raised when tokens are made in another way: the next upgrade then indexes everything anew."""


def is_searched(entity: Entity) -> bool:
    return bool(entity.searched)


def signature(entity: Entity) -> str:
    """What the index of an entity is made of: another one needs all its records indexed anew."""
    made_of = [FORMAT, entity.title, *((f.key, f.search) for f in entity.searched)]
    return sha256(repr(made_of).encode()).hexdigest()[:16]


def side_table(entity: Entity) -> str:
    """The index table of an entity, with the columns :func:`key` and ``tokens``."""
    return f"{entity.model.__tablename__}_search"


def key() -> str:
    """How an index table calls the record's number; SQLite's full-text tables leave no choice."""
    return "id" if is_postgres() else "rowid"


def create_tables() -> list[Entity]:
    """Make the missing index tables of all declared entities; returns the entities to fill."""
    made, kind = [], db.engine.dialect.name
    for entity in filter(is_searched, catalogue):
        name = side_table(entity)
        if db.session.execute(text(_EXISTS[kind]), {"name": name}).scalar():
            continue
        for statement in _CREATE[kind]:
            db.session.execute(text(statement.format(name=name, of=entity.model.__tablename__)))
        create_index(entity)
        made.append(entity)
    return made


def create_index(entity: Entity) -> None:
    """The index that PostgreSQL needs beside the table; SQLite's table is one itself."""
    if is_postgres():
        db.session.execute(text(_INDEX.format(name=side_table(entity))))


def drop_index(entity: Entity) -> None:
    """Until ``create_index`` no search of this entity is quick."""
    if is_postgres():
        db.session.execute(text(f"DROP INDEX IF EXISTS ix_{side_table(entity)}_tokens"))


def write(
    entity: Entity, rows: Iterable[tuple[int, Mapping[str, Any]]], *, is_new: bool = False
) -> None:
    """Index these records anew: (id, {field: value}) with all searched fields given.

    Records that are ``is_new`` were in no index before.
    """
    if not is_searched(entity):
        return
    entries = [(record_id, " ".join(tokens_of(entity, values))) for record_id, values in rows]
    if not entries:
        return
    name = side_table(entity)
    if is_postgres() and not is_new:
        given = [{"id": record_id, "tokens": tokens} for record_id, tokens in entries]
        db.session.execute(text(_UPSERT.format(name=name)), given)
        return
    if not is_new:
        ids = [{"id": record_id} for record_id, _tokens in entries]
        db.session.execute(text(f"DELETE FROM {name} WHERE rowid = :id"), ids)  # noqa: S608
    append(name, (key(), "tokens"), entries)


def remove(entity: Entity, ids: Sequence[int]) -> None:
    """Forget these records."""
    if is_searched(entity):
        number: ColumnElement[int] = column(key(), Integer)
        side = table(side_table(entity), number)  # type: ignore[arg-type]
        db.session.execute(delete(side).where(number.in_(ids)))


def tokens_of(entity: Entity, values: Mapping[str, Any]) -> list[str]:
    """The tokens of a record, given as {field: value}.

    A short name that is a piece of the title has none of its own: whoever has it has the other.
    """
    title = fold(str(values.get(entity.title) or ""))
    found: list[str] = []
    for searched in entity.searched:
        folded = fold(str(values.get(searched.key) or ""))
        if searched.key != entity.title and folded in title:
            continue
        mark = entity.search_marks[searched.key]
        made = pieces(searched.search, folded)  # type: ignore[arg-type]
        found += [mark + token for token in made] if mark else made
    return list(dict.fromkeys(found))


def matches(entity: Entity, words: str, fields: Iterable[str]) -> ColumnElement[bool] | None:
    """The condition "the record has all these words", in these fields only.

    None when there is nothing to look for; never true when nothing allowed could match, so that
    a field somebody doesn't read in full can't be guessed at (C43).
    """
    if not query_tokens(words):
        return None
    found = hits(entity, words, fields)
    model_id: ColumnElement[int] = entity.model.id
    return false() if found is None else model_id.in_(found)


def hits(entity: Entity, words: str, fields: Iterable[str]) -> Select[Any] | None:
    """The ids of all records that have these words in these fields, whoever may see them.

    None when there is nothing to look for, or nothing that he may read is searched.
    """
    allowed = set(fields)
    looked_in = [f for f in entity.searched if f.key in allowed]
    groups = [_marked(entity, group, looked_in) for group in query_tokens(words).all]
    return _having(side_table(entity), groups) if groups and all(groups) else None


def among(number: ColumnElement[int], some: CTE) -> ColumnElement[bool]:
    """``number`` is one of ``some`` hits, so few that each is looked up.

    PostgreSQL's planner expects many of any word it knows nothing of, and few in an array.
    """
    found = select(some.c[0])
    if is_postgres():
        return number == any_(func.array(found.scalar_subquery()))
    return number.in_(found)


def is_among(number: ColumnElement[int], hits: Select[Any]) -> ColumnElement[bool]:
    """``number`` is one of the ``hits``, where it pays to look for one after the other.

    PostgreSQL's planner takes the pieces of a word for independent and so expects next to nothing
    of words that are in tens of thousands of names; OFFSET keeps it from reading all these at once.
    """
    found = hits.selected_columns[0]
    if is_postgres():
        return hits.where(found == number).offset(0).exists()
    return number.in_(hits)


def _having(name: str, groups: Sequence[frozenset[str]]) -> Select[Any]:
    """The ids in an index table that have a token of each group."""
    if is_postgres():
        words = _bound(groups, "'", " & ", " | ")
        side = table(name, column(key(), Integer), column("tokens", TSVECTOR))
        return select(side.c.id).where(side.c.tokens.op("@@")(cast(words, TSQUERY)))
    side = table(name, column(key(), Integer))
    words = _bound(groups, '"', " AND ", " OR ")
    return select(side.c.rowid).where(text(f"{name} MATCH :words").bindparams(words))


def _bound(groups: Sequence[frozenset[str]], quote: str, every: str, some: str) -> Any:
    """The groups in the database's own notation; tokens are words, so that nothing in them acts."""
    wanted = every.join(
        "(" + some.join(f"{quote}{token}{quote}" for token in sorted(group)) + ")"
        for group in groups
    )
    return bindparam("words", wanted, unique=True)


def _marked(entity: Entity, group: frozenset[str], fields: Sequence[Field]) -> frozenset[str]:
    """The tokens of a group as these fields have them; those of a telephone only from one."""
    return frozenset(
        entity.search_marks[f.key] + token
        for f in fields
        for token in group
        if token.startswith("d") == (f.search == "phone")
    )
