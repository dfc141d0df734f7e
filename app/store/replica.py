"""The read replica: there large exports read their rows, as long as it knows what the primary does.

A replica lags behind by what is still on its way. It is asked only when it has replayed everything
that the primary had written at that moment, so that its rows are no older than the rights they are
looked at with; else the primary answers, as if there were no replica. Everything that decides
anything stays with the primary: who acts, seats, counts, what is wanted, what is written.
"""

import logging
from collections.abc import Callable, Mapping
from time import monotonic, sleep
from types import MappingProxyType
from typing import Any, TypeVar

from sqlalchemy import Connection, text
from sqlalchemy.engine import Engine
from sqlalchemy.exc import SQLAlchemyError

from app.extensions import db
from app.store.engine import be_patient

log = logging.getLogger("crm.replica")

Server = Mapping[str, Any]
"""Where a statement of the session goes: a session's ``bind_arguments``."""
PRIMARY: Server = MappingProxyType({})
NAME = "replica"

PATIENCE = 0.5
"""Seconds that a replica which kept up so far is waited for."""
GLANCE = 0.02
"""Seconds between two looks at it."""
MOST_FAULTS = 3
"""After so many a file is read from the primary: each may take as long as a connection (R10)."""

WRITTEN = text(
    "SELECT CAST(pg_current_wal_insert_lsn() AS text) AS place, current_database() AS name, "
    "(SELECT system_identifier FROM pg_control_system()) AS cluster, "
    "(SELECT timeline_id FROM pg_control_checkpoint()) AS timeline"
)
"""How far the primary has written, and which one that is."""
BEHIND = text(
    "SELECT greatest(CAST(:place AS pg_lsn) - pg_last_wal_replay_lsn(), 0) "
    "WHERE pg_is_in_recovery() AND current_database() = :name "
    "AND (SELECT system_identifier FROM pg_control_system()) = :cluster "
    "AND (SELECT timeline_id FROM pg_control_checkpoint()) = :timeline"
)
"""How many bytes a replica of that one lacks; nothing where this is none, or went another way."""

T = TypeVar("T")


class Source:
    """Where the rows of one file come from, some at a time."""

    def __init__(self, engine: Engine | None = None) -> None:
        """``engine`` is that of a replica; without one all of them come from the primary."""
        self._engine = engine
        self._patience = PATIENCE
        self._faults = 0

    def read(self, ask: Callable[[Server], T]) -> T:
        """What ``ask`` finds on the server it is given; it only reads, and may be asked twice."""
        if self._engine is None or self._faults == MOST_FAULTS:
            return ask(PRIMARY)
        try:
            if self._keeps_up(self._engine):
                there: Server = {"bind": self._engine}
                be_patient(db.session.connection(dict(there)))
                return ask(there)
        except SQLAlchemyError as fault:
            self._faults += 1
            said = str(getattr(fault, "orig", fault)).partition("\n")[0]
            log.warning("the replica can't be used: %s", said[:200])
        return ask(PRIMARY)

    def _keeps_up(self, engine: Engine) -> bool:
        """Whether it has what the primary has written up to now; one that lagged isn't waited for.

        On a replica every statement looks anew, also within a transaction.
        """
        written = db.session.execute(WRITTEN).mappings().one()
        until = monotonic() + self._patience
        with engine.connect() as connection:
            while not (is_there := behind(connection, written) == 0) and monotonic() < until:
                sleep(GLANCE)
        self._patience = PATIENCE if is_there else 0
        return is_there


def behind(replica: Connection, written: Mapping[Any, Any]) -> int | None:
    """How many bytes it lacks of what the primary had written; None when it is no replica of it."""
    lacking = replica.scalar(BEHIND, dict(written))
    return None if lacking is None else int(lacking)


def source() -> Source:
    """Where a large file is to be read here and now."""
    return Source(db.engines.get(NAME))
