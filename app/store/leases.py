"""How long somebody holds a piece of work: told by the clock of the database (C98).

Workers on several machines have no other clock in common: what their own ones say may differ by
more than a lease lasts.
"""

from datetime import timedelta
from typing import Any

from sqlalchemy import Interval, func, literal, or_

from app.spec import clock
from app.spec.types import UTCDateTime
from app.store.engine import is_postgres


def moment(later: timedelta = timedelta(0)) -> Any:
    """This moment, or so much later, for a statement: asked when the database comes to it.

    SQLite serves one machine, so there it is that machine's clock.
    """
    if not is_postgres():
        return literal(clock.now() + later, UTCDateTime())
    return func.clock_timestamp(type_=UTCDateTime()) + literal(later, Interval())


def is_over(end: Any) -> Any:
    """Whether nobody holds a piece of work any more, given the column that says until when."""
    return or_(end.is_(None), end < moment())
