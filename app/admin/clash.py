"""What a broken constraint means, and of which field, so that the form can say it (R14, C47)."""

from flask_babel import lazy_gettext as _l
from sqlalchemy.exc import IntegrityError

from app.operations.namesakes import taken
from app.spec.entity import Entity
from app.spec.errors import Conflict, Duplicate, Refusal
from app.spec.field import Field


def refusal_of(error: IntegrityError, entity: Entity | None = None) -> Refusal:
    """A unique clash is a duplicate; a broken link is a conflict with the present state.

    With the ``entity`` that was written it names the field, and nothing of the other record.
    """
    diagnosis = getattr(error.orig, "diag", None)
    text = getattr(diagnosis, "constraint_name", None) or str(error.orig)
    if "unique" not in str(error.orig).lower() and not text.startswith("uq_"):
        return Conflict(_l("Another record still needs this, or is missing."))
    field = _named(entity, text) if entity else None
    return taken(field) if field else Duplicate()


def _named(entity: Entity, text: str) -> Field | None:
    """The field whose unique constraint that is."""
    table = entity.model.__tablename__
    for key, f in entity.fields.items():
        columns = [key, *(d.column_of(key) for d in f.derived if d.is_unique)]
        if any(f"{table}.{c}" in text or text == f"uq_{table}_{c}" for c in columns):
            return f
    return None
