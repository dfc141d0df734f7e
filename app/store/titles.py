"""What linked records are called, in the reader's language and only as far as he may read them."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, cast

from sqlalchemy import Select, literal, select, union_all

from app.extensions import db
from app.spec.catalogue import catalogue
from app.spec.entity import Entity
from app.spec.field import Field, Level
from app.spec.relations import LinksField, RelationField
from app.spec.text import shortened
from app.spec.words import either, listed
from app.store import links
from app.store.context import current
from app.store.replica import PRIMARY, Server
from app.store.scope import member_of

LONGEST = 120
"""So long is what a record is called at most."""
COLOUR = "colour"
"""The field with the colour of an entity's badge, where it has one."""


def of(record: Any, field: RelationField | LinksField) -> str:
    """The title of a loaded linked record; empty for none and for one out of the reader's scope."""
    return "" if record is None else title(catalogue.get(field.to), record)


def of_relations(record: Any, fields: Iterable[Field]) -> dict[str, str]:
    """What the records that a loaded record points at are called, by field."""
    return {f.key: of(getattr(record, f.key), f) for f in fields if isinstance(f, RelationField)}


def english(entity: Entity) -> str:
    """The field with the English name, as far as the reader may read it; empty for none (C42).

    Whoever has nothing to do with such records still gets what they are called, where one is shown.
    """
    work = current()
    if work.actor is None or not entity.english:
        return entity.english
    key = ("english name", entity.key)
    if key not in work.memory:
        rights = work.actor.rights
        asked = next((verb for verb in ("read", "list") if rights.may(entity.key, verb)), "")
        level = rights.level(entity.key, entity.english, asked) if asked else Level.READ
        work.memory[key] = entity.english if level >= Level.READ else ""
    found: str = work.memory[key]
    return found


def title(entity: Entity, record: Any) -> str:
    """What a record is called: both languages where it has both (UI-8)."""
    own, other = getattr(record, entity.title), english(entity)
    return called(own, getattr(record, other) if other else None)


def called(own: str | None, other: str | None = None) -> str:
    """A name in the reader's language; a text that stands for one is told in a line."""
    name = either(own, other) if other else str(own or "")
    is_name = len(name) <= LONGEST and "\n" not in name
    return name if is_name else shortened(" ".join(name.split()), LONGEST)


def by_ids(entity: Entity, ids: Iterable[int], *, bilingual: bool = True) -> dict[int, str]:
    """The titles of records by id, in one statement through the gate; unreadable ones absent.

    Not ``bilingual``: without their English names, for whoever doesn't see those.
    """
    wanted = sorted(set(ids))
    if not wanted:
        return {}
    keys = (entity.title, english(entity) if bilingual else "")
    columns = [getattr(entity.model, key) for key in keys if key]
    rows = db.session.execute(
        select(entity.model.id, *columns).where(member_of(entity.model.id, wanted))
    )
    return {row[0]: called(*row[1:]) for row in rows}


def of_kinds(wanted: Mapping[str, Iterable[int]]) -> dict[tuple[str, int], str]:
    """As ``by_ids`` for records of several kinds at once, by kind and id; also one statement."""
    parts = []
    for key, ids in wanted.items():
        entity, numbers = catalogue.get(key), sorted(set(ids))
        if numbers:
            model, other = entity.model, english(entity)
            name = getattr(model, entity.title)
            translated = getattr(model, other) if other else literal(None)
            columns = (literal(key).label("kind"), model.id, name, translated.label("other"))
            parts.append(select(*columns).where(member_of(model.id, numbers)))
    rows = db.session.execute(union_all(*parts)) if parts else ()
    return {(key, i): called(own, other) for key, i, own, other in rows}


def people(ids: Iterable[int]) -> dict[int, dict[str, Any]]:
    """People as answers tell of them (contract §2), as far as the reader may see them."""
    wanted, user = sorted(set(ids)), catalogue.get("user")
    if not wanted:
        return {}
    names, model = by_ids(user, wanted), user.model
    rows = db.session.execute(select(model.id, model.username).where(member_of(model.id, wanted)))
    return {i: {"id": i, "label": names.get(i, ""), "username": name} for i, name in rows}


@dataclass(frozen=True)
class Linked:
    """A linked record: what it is called, nothing when the reader may not read it."""

    id: int
    title: str
    colour: str = ""


Links = Mapping[tuple[int, str], Sequence[Linked]]
"""The linked records of many records by record and field."""


def of_links(
    entity: Entity, records: Sequence[Any], fields: Iterable[Field], server: Server = PRIMARY
) -> Links:
    """The linked records of many, in one statement per field that has such."""
    found: dict[tuple[int, str], list[Linked]] = defaultdict(list)
    for f in fields:
        if isinstance(f, LinksField) and records:
            for row, linked in _linked(entity, f, [record.id for record in records], server):
                found[(row, f.key)].append(linked)
    return found


def _linked(
    entity: Entity, field: LinksField, rows: Sequence[int], server: Server
) -> Iterator[tuple[int, Linked]]:
    mine, _theirs = links.ends(entity, field)
    statement = _linking(entity, field.key, english(catalogue.get(field.to)))
    found = db.session.execute(statement.where(member_of(mine, rows)), bind_arguments=dict(server))
    for row, linked, own, other, shade in found:
        yield row, Linked(linked, called(own, other), shade or "")


@lru_cache(maxsize=200)
def _linking(entity: Entity, key: str, english_name: str) -> Select[Any]:
    """What is linked by a field, in order; whose links is still to be said."""
    field = cast(LinksField, entity.fields[key])
    target, (mine, theirs) = catalogue.get(field.to), links.ends(entity, field)
    names = (english_name, COLOUR if COLOUR in target.fields else "")
    translated, colour = (getattr(target.model, n) if n else literal(None) for n in names)
    return (
        select(mine, theirs, getattr(target.model, target.title), translated, colour)
        .select_from(links.table_of(field))
        .outerjoin(target.model, target.model.id == theirs)  # the gate's condition joins here
        .order_by(mine, theirs)
    )


def said(some: Iterable[Linked]) -> str:
    """Linked records as one text."""
    return listed(one.title for one in some if one.title)
