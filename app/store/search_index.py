"""The search index: tokens in a table of their own beside each searched table (architecture §4).

A side table, so that a change of owner doesn't rewrite the index. PostgreSQL keeps an array with a
GIN index, SQLite a full-text table. Rows are written in the transaction that writes the record.
"""

from collections.abc import Iterable, Mapping
from typing import Any

from sqlalchemy import ColumnElement, Integer, Text, bindparam, column, false, select, table, text
from sqlalchemy.dialects.postgresql import ARRAY

from app.extensions import db
from app.spec.catalogue import catalogue
from app.spec.entity import Entity
from app.spec.field import Field
from app.spec.tokens import index_tokens, query_tokens

_UPSERT = (
    "INSERT INTO {name} (id, tokens) VALUES (:id, :tokens) "
    "ON CONFLICT (id) DO UPDATE SET tokens = excluded.tokens"
)
_CREATE = {
    "postgresql": (
        "CREATE TABLE {name} (id integer PRIMARY KEY REFERENCES {of} (id) ON DELETE CASCADE, "
        "tokens text[] NOT NULL)",
        "CREATE INDEX ix_{name}_tokens ON {name} USING gin (tokens)",
    ),
    "sqlite": (
        "CREATE VIRTUAL TABLE {name} USING fts5"
        "(tokens, detail='none', tokenize='unicode61 remove_diacritics 0')",
    ),
}
_EXISTS = {
    "postgresql": "SELECT to_regclass(:name) IS NOT NULL",
    "sqlite": "SELECT count(*) FROM sqlite_master WHERE name = :name",
}


def searched_fields(entity: Entity) -> list[Field]:
    return [field for field in entity.fields.values() if field.search]


def is_searched(entity: Entity) -> bool:
    return bool(searched_fields(entity))


def _dialect() -> str:
    return db.engine.dialect.name


def side_table(entity: Entity) -> str:
    """The index table of an entity, with the columns ``id`` (SQLite: rowid) and ``tokens``."""
    return f"{entity.model.__tablename__}_search"


def create_tables() -> list[Entity]:
    """Make the missing index tables of all declared entities; returns the entities to fill."""
    made = []
    for entity in filter(is_searched, catalogue):
        name = side_table(entity)
        if db.session.execute(text(_EXISTS[_dialect()]), {"name": name}).scalar():
            continue
        for statement in _CREATE[_dialect()]:
            db.session.execute(text(statement.format(name=name, of=entity.model.__tablename__)))
        made.append(entity)
    return made


def write(entity: Entity, rows: Iterable[tuple[int, Mapping[str, Any]]]) -> None:
    """Index these records anew: (id, {field: value}) with all searched fields given."""
    if not is_searched(entity):
        return
    entries: list[dict[str, Any]] = [
        {"id": record_id, "tokens": _tokens(entity, values)} for record_id, values in rows
    ]
    if not entries:
        return
    name = side_table(entity)
    if _dialect() == "postgresql":
        db.session.execute(text(_UPSERT.format(name=name)), entries)
        return
    ids = [{"id": entry["id"]} for entry in entries]
    db.session.execute(text(f"DELETE FROM {name} WHERE rowid = :id"), ids)  # noqa: S608
    db.session.execute(
        text(f"INSERT INTO {name} (rowid, tokens) VALUES (:id, :tokens)"),  # noqa: S608
        [{"id": entry["id"], "tokens": " ".join(entry["tokens"])} for entry in entries],
    )


def _tokens(entity: Entity, values: Mapping[str, Any]) -> list[str]:
    searched = ((f.search, values.get(f.key)) for f in searched_fields(entity))
    return sorted(index_tokens((kind, str(value)) for kind, value in searched if value))  # type: ignore[misc]


def matches(entity: Entity, words: str, kinds: frozenset[str]) -> ColumnElement[bool] | None:
    """The condition "the record has all these words", by fields of the allowed kinds only.

    None when there is nothing to look for; never true when nothing allowed could match, so that
    a field somebody doesn't read in full can't be guessed at (C43).
    """
    query = query_tokens(words)
    if not query:
        return None
    if not is_searched(entity):
        return false()  # there is no index to look into
    groups = [_allowed(group, kinds, entity) for group in query.all]
    if not all(groups):
        return false()
    name = side_table(entity)
    model_id: ColumnElement[int] = entity.model.id
    if _dialect() == "postgresql":
        side = table(name, column("id", Integer), column("tokens", ARRAY(Text)))
        found = select(side.c.id).where(*(_has_any(side.c.tokens, group) for group in groups))
        return model_id.in_(found)
    wanted = " AND ".join(
        "(" + " OR ".join(f'"{token}"' for token in sorted(group)) + ")" for group in groups
    )
    side = table(name, column("rowid", Integer))
    hit = text(f"{name} MATCH :words").bindparams(bindparam("words", wanted, unique=True))
    return model_id.in_(select(side.c.rowid).where(hit))


def _has_any(tokens: Any, group: frozenset[str]) -> ColumnElement[bool]:
    wanted = bindparam(None, sorted(group), ARRAY(Text), unique=True)
    overlap: ColumnElement[bool] = tokens.contains(wanted)
    if len(group) > 1:
        overlap = tokens.overlap(wanted)
    return overlap


def _allowed(group: frozenset[str], kinds: frozenset[str], entity: Entity) -> frozenset[str]:
    """The tokens of a group that come from kinds this reader reads in full."""
    in_words = {f.search for f in searched_fields(entity) if f.search != "phone"} <= kinds
    return frozenset(
        token for token in group if (("phone" in kinds) if token.startswith("d") else in_words)
    )
