"""The indexes that follow from a model's declaration, and those that numbers and checks ask for."""

from collections.abc import Iterator, Sequence
from typing import Any

from sqlalchemy import Index
from sqlalchemy import text as sql

from app.spec.catalogue import catalogue
from app.spec.field import Field
from app.spec.relations import RelationField


def of_model(cls: Any, fields: dict[str, Field]) -> Iterator[Index]:
    """Walkable orders, foreign keys, and uniqueness among what is not deleted (R9).

    Those by time also tell whose a row is: numbers of a period (REP-8) and scoped lists need not
    look at the row for it.
    """
    alive = _only("deleted_at IS NULL") if cls.__binned__ else {}
    listed = _only("deleted_at IS NULL AND pool_id IS NULL") if cls.__pooled__ else alive
    table = cls.__tablename__
    for field in fields.values():
        if field.sortable:
            column = field.sort_column
            scope = ["owner_id"] if cls.__owned__ and field.kind == "datetime" else []
            yield Index(f"ix_{table}_{column}", column, "id", *scope, **listed)
        elif cls.__owned__ and field.key == "owner":
            quick = [f.column for f in fields.values() if f.quick and f.is_stored]
            yield from _scope_indexes(table, listed, quick)
        elif isinstance(field, RelationField) and not field.system:
            newest = ["happened_at"] if cls.__attached__ else []
            yield Index(f"ix_{table}_{field.column}", field.column, *newest, "id")
        elif isinstance(field, RelationField) and not (field.is_constrained or field.is_person):
            naming = _only(f"{field.column} IS NOT NULL")  # a record that goes asks who named it
            yield Index(f"ix_{table}_{field.column}", field.column, **naming)
        if field.unique:
            yield Index(f"uq_{table}_{field.key}", field.key, unique=True, **alive)
        likeness = field.likeness
        if likeness and not field.is_unique:
            living = ["deleted_at IS NULL"] if cls.__binned__ else []
            filled = " AND ".join([*living, f"{likeness.column} IS NOT NULL"])
            yield Index(f"ix_{table}_{likeness.column}_alike", likeness.column, **_only(filled))
        for derived in field.derived:
            if derived.is_unique:
                column = derived.column_of(field.key)
                yield from _unique_indexes(f"{table}_{column}", column, field, cls.__binned__)
    if cls.__pooled__:
        names = [f.sort_column for f in fields.values() if f.sortable and f.kind == "text"][:1]
        only = _only("pool_id IS NOT NULL")
        yield Index(f"ix_{table}_pool_id", "pool_id", *names, "id", **only)
    if cls.__binned__:
        deleted = _only("deleted_at IS NOT NULL")
        yield Index(f"ix_{table}_deleted_at", "deleted_at", "id", **deleted)
        where = _only("delete_batch IS NOT NULL")
        yield Index(f"ix_{table}_delete_batch", "delete_batch", **where)


def _unique_indexes(name: str, column: str, field: Field, is_binned: bool) -> Iterator[Index]:
    """What no two living records share; where somebody said they may, those stand aside (CUS).

    Two who write one name at once are told apart by the index whether or not equal names are
    refused, because nobody has said anything of a record before it was first refused.
    """
    alive = ["deleted_at IS NULL"] if is_binned else []
    unsaid = [*alive, *([f"{field.shared_by} IS NULL"] if field.shared_by else [])]
    where = _only(" AND ".join(unsaid)) if unsaid else {}
    yield Index(f"uq_{name}", column, unique=True, **where)
    if field.shared_by:
        said = [*alive, f"{field.shared_by} IS NOT NULL"]
        yield Index(f"ix_{name}_shared", column, **_only(" AND ".join(said)))


def _scope_indexes(table: str, listed: dict[str, Any], quick: Sequence[str]) -> Iterator[Index]:
    """What a scope is walked, counted and checked by without looking at the rows (architecture §4).

    The first begins with the owner: his list, newest first; on PostgreSQL it also carries what the
    quick filters ask for. The second begins with the record: of the thousands that a search finds,
    those that are his.
    """
    carried: dict[str, Any] = {"postgresql_include": list(quick)} if quick else {}
    yield Index(f"ix_{table}_owner_id", "owner_id", "updated_at", "id", **carried, **listed)
    yield Index(f"ix_{table}_scope", "id", "owner_id", "updated_at", **listed)


def index_numbers(model: Any, name: str, *keys: str, only: str = "") -> Index:
    """An index over these fields of living rows, to answer numbers from alone (REP-8).

    Holds what lists show, or with ``only`` the rows that meet that condition besides; what is about
    pools says so there. Every write of a row pays for it: say what it is good for.
    """
    table, fields = model.__table__, model.__fields__
    apart = model.__pooled__ and "pool_id" not in only
    where = ["deleted_at IS NULL", *(["pool_id IS NULL"] if apart else []), only]
    columns = [table.c[fields[key].column] for key in keys]
    return Index(f"ix_{table.name}_{name}", *columns, **_only(" AND ".join(filter(None, where))))


def index_comparisons() -> None:
    """Index what checks compare among all records, so that they need not be sorted for it (CUS-9).

    Called once, when all entities are declared.
    """
    for entity in catalogue:
        for check in entity.quality:
            if key := check.compares:
                index_numbers(entity.model, key, key, "owner", only=f"{key} IS NOT NULL")


def _only(condition: str) -> dict[str, Any]:
    """The options of an index over the rows that meet a condition, on both databases."""
    clause = sql(condition)
    return {"sqlite_where": clause, "postgresql_where": clause}
