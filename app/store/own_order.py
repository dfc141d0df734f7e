"""The order into which somebody has put records by hand: nobody else's business, and no history.

A place is a number between those of its neighbours, so that moving one record writes one row; only
where there is no room left between two are the others numbered anew. Of two who move at the same
moment none undoes the other's move: at worst both records come to stand side by side.
"""

from collections.abc import Sequence

from sqlalchemy import BigInteger, ColumnElement, ForeignKey, String, and_
from sqlalchemy.orm import Mapped, mapped_column

from app.extensions import db
from app.spec.entity import Entity
from app.store.engine import inserting

STEP = 1 << 20
"""The room between two neighbours at first: twenty times it can be halved."""
Placed = tuple[int, int | None]
"""A record and its place; None for one that was never moved: it stands behind those that were."""


class OwnPlace(db.Model):  # type: ignore[name-defined,misc]
    """Where one person has put one record."""

    __tablename__ = "own_place"

    user_id: Mapped[int] = mapped_column(ForeignKey("user_account.id"), primary_key=True)
    entity: Mapped[str] = mapped_column(String(40), primary_key=True)
    record_id: Mapped[int] = mapped_column(primary_key=True)
    place: Mapped[int] = mapped_column(BigInteger)


def of(entity: Entity, user_id: int) -> ColumnElement[bool]:
    """What an outer join with the places of that person's records is made on."""
    return and_(
        OwnPlace.entity == entity.key,
        OwnPlace.record_id == entity.model.id,
        OwnPlace.user_id == user_id,
    )


def put(entity: Entity, user_id: int, record_id: int, others: Sequence[Placed], at: int) -> None:
    """Put a record before the one that stands at that index of the ``others``, in their order."""
    ahead = others[:at]
    low, high = (ahead[-1][1] if ahead else 0), (others[at][1] if at < len(others) else None)
    if low is not None and high is None:
        _write(entity, user_id, [(record_id, low + STEP)])
    elif low is not None and high is not None and high - low > 1:
        _write(entity, user_id, [(record_id, (low + high) // 2)])
    else:
        moved = [i for i, place in others[at:] if place is not None]
        order = [*(i for i, _place in ahead), record_id, *moved]
        _write(entity, user_id, [(i, n * STEP) for n, i in enumerate(order, start=1)])


def _write(entity: Entity, user_id: int, places: Sequence[tuple[int, int]]) -> None:
    rows = [
        {"user_id": user_id, "entity": entity.key, "record_id": i, "place": place}
        for i, place in places
    ]
    statement = inserting(OwnPlace.__table__).values(rows)
    db.session.execute(
        statement.on_conflict_do_update(
            index_elements=["user_id", "entity", "record_id"],
            set_={"place": statement.excluded.place},
        )
    )
