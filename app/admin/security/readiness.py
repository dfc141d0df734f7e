"""Whether this process can serve: the database answers, its tables are ours, the key is shared."""

from flask import current_app
from sqlalchemy import select
from sqlalchemy.exc import SQLAlchemyError

from app import secrets
from app.store.accounts import claim_key
from app.store.engine import is_postgres
from app.store.separate import reading
from app.store.upgrade import is_current


class AnotherKeyError(RuntimeError):
    """This database is already served with another session key (C110)."""

    def __init__(self) -> None:
        super().__init__(
            "SECRET_KEY: this database is already served with another session key. Give every "
            "instance the same SECRET_KEY and JWT_SECRET_KEY (environment variables, or the files "
            "in instance/keys). To replace a key, put the former one into SECRET_KEY_FALLBACKS."
        )


def unready() -> str | None:
    """Why this process must not get requests now, as a code; None when it may."""
    try:
        with reading() as connection:
            connection.execute(select(1))
        if not is_current():
            return "upgrade_due"
        return None if is_key_shared() else "another_session_key"
    except SQLAlchemyError:
        return "database_unavailable"


def is_key_shared() -> bool:
    """On PostgreSQL: whether all instances use our session key; one file has one instance."""
    if not is_postgres():
        return True
    config = current_app.config
    former = [secrets.fingerprint(key) for key in config.get("SECRET_KEY_FALLBACKS") or ()]
    return claim_key(secrets.fingerprint(config["SECRET_KEY"]), former)


def refuse_foreign_key() -> None:
    """Raise :class:`AnotherKeyError` when another instance brought another key."""
    if not is_key_shared():
        raise AnotherKeyError
