"""Moving a department in the tree: with everything below it, to a place among its new siblings."""

from collections.abc import Sequence

from sqlalchemy import select

from app.extensions import db
from app.operations import editing
from app.spec.catalogue import catalogue
from app.spec.errors import BadRequest
from app.store.context import operating
from app.store.organisation import Department
from app.store.writer import Change, Context, update_rows

KEY = "department"


def move(department_id: int, parent_id: int, before_id: int | None, *, version: int) -> None:
    """Put a department under ``parent_id``, before one of its new siblings (None: last).

    In the transaction under way, as an edit of the department: NotPermitted, NotFound, Invalid for
    a circle or the root, StaleVersion when somebody changed it meanwhile (C37).
    """
    entity = catalogue.get(KEY)
    editing.edit(entity, department_id, {"parent": parent_id}, version=version)
    order = [one for one in siblings(parent_id) if one != department_id]
    if before_id is not None and before_id not in order:
        raise BadRequest
    order.insert(len(order) if before_id is None else order.index(before_id), department_id)
    _number(order)


def step(department_id: int, places: int, *, version: int) -> None:
    """Move a department up (negative) or down among its siblings; nothing at the ends."""
    entity = catalogue.get(KEY)
    record, _version = editing.edit(entity, department_id, {}, version=version)
    order = siblings(record.parent_id)
    place = order.index(department_id)
    order.insert(min(max(place + places, 0), len(order)), order.pop(place))
    _number(order)


def siblings(parent_id: int | None) -> list[int]:
    """The departments under one, in their order."""
    with operating("list", KEY):
        return list(
            db.session.scalars(
                select(Department.id)
                .where(Department.parent_id == parent_id)
                .order_by(Department.position, Department.name_sort, Department.id)
            )
        )


def _number(order: Sequence[int]) -> None:
    """Write the places that changed, each as an edit in the history."""
    entity = catalogue.get(KEY)
    with operating("edit", KEY):
        rows = db.session.execute(
            select(Department.id, Department.name, Department.position).where(
                Department.id.in_(order)
            )
        ).all()
        places = {record_id: place for place, record_id in enumerate(order, start=1)}
        changes = [
            Change(row.id, row.name, {"position": row.position}, {"position": places[row.id]})
            for row in rows
        ]
        update_rows(entity, changes, Context("edit"))
