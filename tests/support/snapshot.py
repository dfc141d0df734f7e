"""Proof that nothing was written: one digest per table, compared before and after."""

import hashlib
import re
from collections.abc import Mapping

from sqlalchemy import Engine, MetaData, select

VOLATILE = re.compile(r"session|throttle|login_attempt|audit|idempoten|alembic|clock")
"""Tables that a refused request may write: who is logged in, who tried, and the audit line."""


def snapshot(engine: Engine, metadata: MetaData) -> dict[str, str]:
    """Table name to a digest of all its rows; tables named like ``VOLATILE`` are left out."""
    digests = {}
    with engine.connect() as connection:
        for table in metadata.sorted_tables:
            if VOLATILE.search(table.name):
                continue
            digest = hashlib.sha256()
            for row in connection.execute(select(table).order_by(*table.primary_key.columns)):
                digest.update(repr(tuple(row)).encode())
            digests[table.name] = digest.hexdigest()
    return digests


def changed(before: Mapping[str, str], after: Mapping[str, str]) -> list[str]:
    """The tables that differ: ``assert changed(before, after) == []``."""
    return sorted(name for name in before if before[name] != after.get(name))
