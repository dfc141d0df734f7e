"""What a bulk run is called, and where its report stands (BULK-4)."""

from app.operations.undoing import UNDO
from app.spec.entity import Entity
from app.spec.operations import HAND_OVER, RECYCLE, Operation


def verb_of(entity: Entity, slug: str) -> Operation | None:
    """The operation of a run; None for one that its kind of record has no more.

    A hand-over writes records of every kind, whatever they declare.
    """
    of_nobody = {verb.slug: verb for verb in (UNDO, RECYCLE, HAND_OVER)}
    return of_nobody.get(slug) or entity.verb(slug)


def called(entity: Entity, slug: str) -> str:
    """The operation and the kind of its records, as "Transfer · Customers"."""
    verb = verb_of(entity, slug)
    return f"{verb.label if verb else slug} · {entity.many}"


def address(entity: Entity, slug: str, number: int) -> str:
    """The page with what became of each row of a run."""
    if slug == HAND_OVER.slug:
        return f"/{entity.plural}/hand-over/report/{number}"
    return f"/{entity.plural}/bulk/{slug}/report/{number}"
