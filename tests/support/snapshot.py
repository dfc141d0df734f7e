"""Proof that nothing was written: one digest per table, compared before and after."""

import hashlib
import re
from collections.abc import Mapping
from typing import Any

from sqlalchemy import Engine, MetaData, Select, Table, select

VOLATILE = re.compile(r"session|throttle|alembic|clock")
"""Tables that a refused request may write: who is logged in, who tried how often."""

EVENTS = ("denied", "login", "login_failed", "login_locked", "logout", "session_ended")
"""Lines of the log that are about no record: a refusal leaves one of them (contract §1)."""


def snapshot(engine: Engine, metadata: MetaData) -> dict[str, str]:
    """Table name to a digest of its rows; volatile tables and events of the log are left out."""
    digests = {}
    with engine.connect() as connection:
        for table in metadata.sorted_tables:
            if VOLATILE.search(table.name):
                continue
            digest = hashlib.sha256()
            for row in connection.execute(_rows(table)):
                digest.update(repr(tuple(row)).encode())
            digests[table.name] = digest.hexdigest()
    return digests


def changed(before: Mapping[str, str], after: Mapping[str, str]) -> list[str]:
    """The tables that differ: ``assert changed(before, after) == []``."""
    return sorted(name for name in before if before[name] != after.get(name))


def _rows(table: Table) -> Select[Any]:
    rows = select(table).order_by(*table.primary_key.columns)
    if table.name == "history":
        rows = rows.where(table.c.operation.not_in(EVENTS))
    return rows
