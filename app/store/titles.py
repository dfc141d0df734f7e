"""What linked records are called, in the reader's language and only as far as he may read them."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import select

from app.extensions import db
from app.spec.catalogue import catalogue
from app.spec.entity import Entity
from app.spec.field import Field
from app.spec.relations import LinksField, RelationField
from app.spec.words import either, listed
from app.store import links
from app.store.gate import member_of


def of(record: Any, field: RelationField | LinksField) -> str:
    """The title of a loaded linked record; empty for none and for one out of the reader's scope."""
    return "" if record is None else title(catalogue.get(field.to), record)


def of_relations(record: Any, fields: Iterable[Field]) -> dict[str, str]:
    """What the records that a loaded record points at are called, by field."""
    return {f.key: of(getattr(record, f.key), f) for f in fields if isinstance(f, RelationField)}


def title(entity: Entity, record: Any) -> str:
    """What a record is called: both languages where it has both (UI-8)."""
    own = getattr(record, entity.title)
    other = f"{entity.title}_en"
    if other not in entity.fields:
        return str(own or "")
    return either(own, getattr(record, other))


def by_ids(entity: Entity, ids: Iterable[int]) -> dict[int, str]:
    """The titles of records by id, in one statement through the gate; unreadable ones absent."""
    wanted = sorted(set(ids))
    if not wanted:
        return {}
    columns = [getattr(entity.model, entity.title)]
    if f"{entity.title}_en" in entity.fields:
        columns.append(getattr(entity.model, f"{entity.title}_en"))
    rows = db.session.execute(
        select(entity.model.id, *columns).where(member_of(entity.model.id, wanted))
    )
    return {
        row[0]: either(row[1], row[2]) if len(columns) > 1 else str(row[1] or "") for row in rows
    }


def linked_ids(
    entity: Entity, records: Sequence[Any], fields: Iterable[Field]
) -> dict[tuple[int, str], list[int]]:
    """The linked ids of many records, by record and field: one statement for all."""
    several = [f for f in fields if isinstance(f, LinksField)]
    return links.of_rows(entity, several, [r.id for r in records])


def of_links(
    entity: Entity, records: Sequence[Any], fields: Iterable[Field]
) -> Mapping[tuple[int, str], str]:
    """The titles of linked records as one text per record and field."""
    several = [f for f in fields if isinstance(f, LinksField)]
    ids = linked_ids(entity, records, several)
    texts: dict[tuple[int, str], str] = {}
    for f in several:
        mine = {key: some for key, some in ids.items() if key[1] == f.key}
        names = by_ids(catalogue.get(f.to), (i for some in mine.values() for i in some))
        for key, some in mine.items():
            texts[key] = listed(names[i] for i in some if i in names)
    return texts
