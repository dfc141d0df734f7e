"""What takes place within a span of time, found by an index however much there is (EVT, C25)."""

from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, and_

from app.spec.recurring import SHORT


def conditions(
    starts: Any, lasts: Any, first: datetime, after: datetime
) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    """Two conditions of which a row within the span meets one: what is short, and what lasts.

    ``lasts`` is the column that ``recurring.lasts_until`` fills. Each is a range of an index that
    leads with the owner; ask for them in a statement each, or joined by UNION ALL. They find a
    little more than there is: ``recurring.occurrences`` says what it is.
    """
    short = and_(lasts.is_(None), starts >= first - 2 * SHORT, starts < after + SHORT)
    return short, and_(lasts > first - SHORT, starts < after + SHORT)
