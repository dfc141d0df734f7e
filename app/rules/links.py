"""Rules of what others are linked with by name: it stays while it is in use."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from flask_babel import lazy_gettext as _l
from sqlalchemy import func, select

from app.extensions import db
from app.operations.rules import Blocker, Place, Rules
from app.spec.catalogue import catalogue
from app.spec.entity import Entity
from app.spec.errors import Invalid
from app.spec.relations import TAG_SEPARATORS, LinksField
from app.spec.text import fold
from app.store import links, views
from app.store import titles as named
from app.store.context import system_scope
from app.store.scope import member_of


class LinkedRules(Rules):
    """For an entity like the tag, whose names are typed one after the other."""

    def before_create(self, entity: Entity, values: dict[str, Any]) -> None:
        _refuse_separators(entity, values)

    def before_change(
        self, entity: Entity, record_id: int, before: Mapping[str, Any], values: dict[str, Any]
    ) -> None:
        _refuse_separators(entity, values)
        if name := values.get(entity.title):
            _rename_in_views(entity, [str(before.get(entity.title))], name)

    merges_for_good = True

    def absorb(self, entity: Entity, titles: Mapping[int, str], survivor: int) -> None:
        """Saved views that ask for one of them ask for the survivor."""
        [name] = named.by_ids(entity, [survivor], bilingual=False).values()
        _rename_in_views(entity, titles.values(), name)

    def blockers(self, entity: Entity, ids: Sequence[int]) -> Mapping[int, Blocker]:
        """Those that living records are linked with, whoever may see those."""
        found: dict[int, Blocker] = {}
        with system_scope("what is in use is counted everywhere"):
            for other, field in _linking(entity):
                found |= _used(other, field, ids)
        return found


def _linking(entity: Entity) -> Iterator[tuple[Entity, LinksField]]:
    """What records are linked with this entity's, with the entity that has the field."""
    for other in catalogue:
        for field in other.fields.values():
            if isinstance(field, LinksField) and field.to == entity.key:
                yield other, field


def _rename_in_views(entity: Entity, names: Iterable[str], now: str) -> None:
    """Saved views ask for them by name (contract §2)."""
    places = [(other.key, field.key) for other, field in _linking(entity) if field.is_named]
    views.rename(places, {fold(name): now for name in names})


def _refuse_separators(entity: Entity, values: Mapping[str, Any]) -> None:
    name = values.get(entity.title)
    if name and TAG_SEPARATORS.search(name):
        raise Invalid(fields={entity.title: [_l("A name must not contain a comma.")]})


def _used(entity: Entity, field: LinksField, ids: Sequence[int]) -> dict[int, Blocker]:
    mine, theirs = links.ends(entity, field)
    alive = [entity.model.deleted_at.is_(None)] if entity.is_binned else []
    rows = db.session.execute(
        select(theirs, func.count())
        .join(entity.model, entity.model.id == mine)
        .where(member_of(theirs, ids), *alive)
        .group_by(theirs)
    )
    return {
        linked: Blocker(
            _l("It is used by %(n)d × %(kind)s.", n=n, kind=entity.many),
            (Place(entity, field.key, linked, "any"),),
        )
        for linked, n in rows
    }
