"""Whom the numbers may be asked of: people whose records the reader lists, their departments.

Departments and people outside that reach are neither offered nor taken (REP-3).
"""

from typing import Any

from sqlalchemy import or_, select

from app.extensions import db
from app.pages.dashboard.lens import CHOSEN, Lens
from app.spec.catalogue import catalogue
from app.spec.entity import Entity
from app.spec.errors import NotFound
from app.spec.scopes import Reach, union
from app.store import access, search_index, titles
from app.store.context import actor
from app.store.scope import member_of

MOST = 20
KINDS = {"people": "user", "departments": "department"}


def reach() -> Reach:
    """Everybody whose records of some measured kind the reader may list."""
    rights = actor().rights
    measured = {entity.key for entity, _metric in catalogue.metrics()}
    return union(rights.reach(key, "list") for key in sorted(measured))


def are_within(lens: Lens) -> bool:
    """Whether chosen people and departments are in reach; true where none are chosen."""
    if lens.who != CHOSEN:
        return True
    within = reach()
    if within.everything:
        return True
    places = access.departments_of(within.owners) if lens.departments else set()
    return set(lens.people) <= within.owners and set(lens.departments) <= places


def check(lens: Lens) -> None:
    """NotFound for chosen people and departments that are out of reach (contract §1)."""
    if not are_within(lens):
        raise NotFound


def offered(kind: str, words: str) -> list[dict[str, Any]]:
    """At most twenty choices that have these words in them, for the pickers."""
    if kind not in KINDS:
        raise NotFound
    entity = catalogue.get(KINDS[kind])
    model = entity.model
    title = entity.fields[entity.title]
    statement = select(model).order_by(getattr(model, title.sort_column), model.id).limit(MOST)
    within = reach()
    if not within.everything:
        ids = within.owners if kind == "people" else access.departments_of(within.owners)
        statement = statement.where(member_of(model.id, sorted(ids)))
    if words:
        statement = statement.where(_called(entity, words))
    return [
        {
            "value": row.id,
            "text": titles.title(entity, row),
            "hint": str(getattr(row, "username", "")),
        }
        for row in db.session.execute(statement).scalars()
    ]


def _called(entity: Entity, words: str) -> Any:
    plain = getattr(entity.model, entity.title).icontains(words, autoescape=True)
    named = [field.key for field in entity.searched if field.search == "text"]
    hit = search_index.matches(entity, words, named)
    return plain if hit is None else or_(hit, plain)


def chosen(lens: Lens) -> dict[str, list[dict[str, Any]]]:
    """The chosen ones by name, as the pickers show them."""
    return {
        kind: [
            {"value": number, "text": text}
            for number, text in titles.by_ids(catalogue.get(entity), getattr(lens, kind)).items()
        ]
        for kind, entity in KINDS.items()
    }
