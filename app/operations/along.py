"""What may go along with a record to its new owner, or get its team: by declaration (XFER-1)."""

from collections.abc import Sequence

from sqlalchemy import select

from app.extensions import db
from app.operations.rules import rules_of
from app.spec.catalogue import catalogue
from app.spec.entity import Child, Entity
from app.spec.kinds import ChoicesField
from app.spec.options import Dictionary, Option
from app.spec.words import Label
from app.store.scope import member_of


def cascading(entity: Entity) -> tuple[Child, ...]:
    """The children that may go to the new owner with it."""
    return tuple(
        child
        for child in entity.children
        if child.cascades and catalogue.get(child.entity).is_owned
    )


def chosen(entity: Entity, named: Sequence[str] | None) -> tuple[Child, ...]:
    """Those of them that the parameter names."""
    wanted = set(named or ())
    return tuple(one for one in cascading(entity) if catalogue.get(one.entity).plural in wanted)


def cascade_fields(entity: Entity) -> tuple[ChoicesField, ...]:
    """The parameter that names which children go along; none for an entity without such."""
    children = [catalogue.get(child.entity) for child in cascading(entity)]
    if not children:
        return ()
    options = tuple(Option(other.plural, other.many) for other in children)
    choices = Dictionary("cascade", Label("Kinds", "类型"), options, is_editable=False)
    return (ChoicesField(label=Label("Also for", "同时处理"), key="cascade", choices=choices),)


def children_within(
    child: Child, parents: Sequence[int], *, only_open: bool = False
) -> dict[int, tuple[int, int]]:
    """The children of these rows in the scope of the work under way: (parent, owner) by id.

    ``only_open`` leaves out those that are over: what their rules don't count as anybody's work.
    """
    entity = catalogue.get(child.entity)
    model = entity.model
    through = getattr(model, entity.fields[child.through].column)
    where = [member_of(through, parents)]
    if only_open:
        where += rules_of(entity).workload(entity)
    rows = db.session.execute(select(model.id, through, model.owner_id).where(*where))
    return {i: (parent, owner) for i, parent, owner in rows}
