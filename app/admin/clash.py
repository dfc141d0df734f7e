"""Which unique field a database error is about, so that the form can say it (R14, C47)."""

from flask_babel import lazy_gettext as _l
from sqlalchemy.exc import IntegrityError

from app.operations.namesakes import taken
from app.spec.entity import Entity
from app.spec.errors import Conflict, Duplicate, Refusal


def duplicate_of(entity: Entity, error: IntegrityError) -> Refusal:
    """The refusal for a unique clash, naming the field and nothing of the other record."""
    diagnosis = getattr(error.orig, "diag", None)
    text = getattr(diagnosis, "constraint_name", None) or str(error.orig)
    if "unique" not in str(error.orig).lower() and not text.startswith("uq_"):
        return Conflict(_l("Another record still needs this, or is missing."))
    for key, f in entity.fields.items():
        columns = [key, *(d.column_of(key) for d in f.derived if d.is_unique)]
        table = entity.model.__tablename__
        if any(f"{table}.{c}" in text or text == f"uq_{table}_{c}" for c in columns):
            return taken(f)
    return Duplicate()
