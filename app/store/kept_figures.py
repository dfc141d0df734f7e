"""Numbers that were attached to a record as they stood at a moment: they stay what they were."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Numeric, String, insert, select
from sqlalchemy.orm import Mapped, mapped_column

from app.extensions import db


class KeptFigure(db.Model):  # type: ignore[name-defined,misc]
    """A metric's number, kept with a record."""

    __tablename__ = "kept_figure"

    entity: Mapped[str] = mapped_column(String(40), primary_key=True)
    record_id: Mapped[int] = mapped_column(primary_key=True)
    metric: Mapped[str] = mapped_column(String(40), primary_key=True)
    number: Mapped[Any] = mapped_column(Numeric(18, 2))


_T = KeptFigure.__table__


def keep(entity: str, record_id: int, numbers: Mapping[str, Any]) -> None:
    """Attach these numbers, by metric, to a new record."""
    place = {"entity": entity, "record_id": record_id}
    rows = [{**place, "metric": metric, "number": one} for metric, one in numbers.items()]
    if rows:
        db.session.execute(insert(_T), rows)


def of(entity: str, record_id: int) -> dict[str, Any]:
    """The numbers that were attached to a record, by metric."""
    mine = (_T.c.entity == entity, _T.c.record_id == record_id)
    found = db.session.execute(select(_T.c.metric, _T.c.number).where(*mine))
    return {metric: number for metric, number in found}  # noqa: C416 - rows are not pairs to mypy
