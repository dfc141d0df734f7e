"""What was noted of records is noted of what they have become, and taken back again (LEAD-1)."""

from collections.abc import Iterator, Mapping, Sequence

from sqlalchemy import select

from app.extensions import db
from app.operations.behaviour import Run, lock_rows
from app.operations.lifecycle import Delete, mark
from app.operations.rules import rules_of
from app.spec.catalogue import catalogue
from app.spec.entity import Entity
from app.spec.relations import RelationField
from app.store import attachments, history
from app.store.context import system_scope
from app.store.scope import member_of
from app.store.writer import Context, insert_rows


def make(run: Run, key: str, became: Mapping[int, int]) -> None:
    """Copy what is attached to these records to those of kind ``key`` that they have become."""
    for entity, source, target in _between(run.entity.key, key):
        fields = [f.key for f in entity.fields.values() if not f.system]
        with system_scope("what was noted of a record is noted of what it has become"):
            rows = list(lock_rows(entity, _attached(entity, source, list(became)), fields))
            copies = [
                {key: row.values[key] for key in fields}
                | {source.key: None, target.key: became[row.values[source.key]]}
                for row in rows
            ]
            how = Context(run.verb.slug, run.operation_id, is_handover=True)
            ids = insert_rows(entity, copies, how)
            new = {row.id: i for row, i in zip(rows, ids, strict=True)}
            titles = {row.id: row.title for row in rows}
            attachments.share(entity.key, entity, new, titles)
            rules_of(entity).after_write(entity, ids)


def take_back(run: Run, key: str, became: Mapping[int, int]) -> None:
    """Put the copies that a run has made into the recycle bin."""
    for entity, _source, target in _between(run.entity.key, key):
        with system_scope("what a run has copied goes with it"):
            made = history.records_of_run(run.params["run"], entity.key)
            column = getattr(entity.model, target.column)
            where = (entity.model.id.in_(made), member_of(column, sorted(set(became.values()))))
            ids = list(db.session.scalars(select(entity.model.id).where(*where)))
        mark(run, entity, ids, Delete().marks(run), deleted=True)


def _between(source: str, target: str) -> Iterator[tuple[Entity, RelationField, RelationField]]:
    """What can be attached to both kinds of record, with its links to them."""
    for entity in catalogue:
        links = {link.to: link for link in entity.parents} if entity.is_attached else {}
        if source in links and target in links:
            yield entity, links[source], links[target]


def _attached(entity: Entity, link: RelationField, records: Sequence[int]) -> list[int]:
    model = entity.model
    where = (member_of(getattr(model, link.column), records), model.deleted_at.is_(None))
    return list(db.session.scalars(select(model.id).where(*where).order_by(model.id)))
