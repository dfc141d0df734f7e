"""Names that two records may share only when somebody has said so (CUS)."""

from collections.abc import Mapping
from typing import Any

from flask_babel import lazy_gettext as _l

from app.spec.entity import Entity
from app.spec.errors import Duplicate, Namesake
from app.spec.field import Field
from app.spec.namesakes import may_be_confirmed
from app.spec.words import listed
from app.store import namesakes
from app.store.context import actor_id


def taken(field: Field) -> Duplicate:
    """The refusal of a value that another record has, telling nothing of that one."""
    return Duplicate(
        fields={field.key: [_l("Another record already has this %(field)s.", field=field.label)]}
    )


def marks(
    entity: Entity, values: Mapping[str, Any], *, is_confirmed: bool, besides: int = 0
) -> dict[str, Any]:
    """The columns that say of new names whether others may have them too.

    Raises Duplicate for a name that another record has, where the installation refuses that;
    Namesake, with the names, where it only warns and this writer has not confirmed.
    """
    found: dict[str, Any] = {}
    for f in entity.fields.values():
        if not f.shared_by or not values.get(f.key):
            continue
        names = namesakes.called(entity, f, values[f.key], besides=besides)
        if names and not may_be_confirmed():
            raise taken(f)
        if names and not is_confirmed:
            raise _namesake(f, values[f.key], names)
        found[f.shared_by] = actor_id() if names else None
    return found


def kept_marks(entity: Entity) -> dict[str, Any]:
    """The same for records that come back with their names, where that is only warned of."""
    shared = [f.shared_by for f in entity.fields.values() if f.shared_by]
    return dict.fromkeys(shared, actor_id()) if may_be_confirmed() else {}


def _namesake(field: Field, value: str, names: list[str]) -> Namesake:
    words = _l("Already exists: %(names)s.", names=listed(names))
    return Namesake(fields={field.key: [words]}, details={"namesakes": names}, value=value)
