"""The number that every process compares on every request (MATRIX-9).

Whoever changes rights, dictionaries or settings calls :func:`touch` in the same transaction; what
others keep in memory of the number before is then read anew on their next request.
"""

from typing import Any

from sqlalchemy import event, select, update

from app.extensions import db
from app.store.organisation import RightsVersion

PENDING = "what the transaction under way alone knows"
"""Where a session that has touched the number keeps what it reads; nobody else may see it yet."""


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
    db.session.info[PENDING] = None


def install(session: Any) -> None:
    """Let a session forget, when its transaction ends, what it alone knew."""
    event.listen(session, "after_transaction_end", _forget_pending)


def _forget_pending(session: Any, transaction: Any) -> None:
    if transaction.parent is None:
        session.info.pop(PENDING, None)
