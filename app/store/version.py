"""The number that every process compares on every request (MATRIX-9).

Whoever changes rights, dictionaries or settings calls :func:`touch` in the same transaction; what
others keep in memory of the number before is then read anew on their next request.
"""

from typing import Any

from sqlalchemy import select, update

from app.extensions import db
from app.store.organisation import RightsVersion


def version_now() -> Any:
    """A scalar subquery with the current version, for the statement that loads a session."""
    return select(RightsVersion.number).where(RightsVersion.id == 1).scalar_subquery()


def touch() -> None:
    """Tell every process to read anew; call in the transaction that changes something.

    Whoever touches at the same moment waits until this transaction is over.
    """
    db.session.execute(
        update(RightsVersion).where(RightsVersion.id == 1).values(number=RightsVersion.number + 1)
    )
