"""Checking who somebody is: the one place behind every door that takes a password (C1–C5).

Unknown name, wrong password, disabled account: the same answer, the same work, the same time (C3).
"""

from app.admin.security import passwords, throttle
from app.extensions import db
from app.store import accounts
from app.store.access import rights_of
from app.store.accounts import Credentials
from app.store.context import Actor
from app.store.history import record_event

LONGEST_NAME = 64


def check(username: str, password: str) -> Credentials | None:
    """The account, when name and password are right and it is active; None otherwise.

    Counts the try first (:class:`app.spec.errors.Throttled` when there were too many) and records
    a failure. An outdated hash is renewed now that the password is known (C5).
    """
    username = username.strip()[:LONGEST_NAME]
    throttle.count_try(username)
    found = accounts.find_credentials(username)
    is_right = passwords.matches(found.password if found else None, password)
    if found is None or not is_right or not found.is_active:
        _record_failure(found)
        return None
    throttle.forgive(username)
    if found.password and passwords.is_outdated(found.password):
        accounts.replace_hash(found.user_id, found.password, passwords.hashed(password))
    return found


def confirm(username: str, password: str) -> bool:
    """Whether somebody already logged in knows his password: counted like a login (C2)."""
    throttle.count_try(username)
    found = accounts.find_credentials(username)
    if found is None or not passwords.matches(found.password, password):
        _record_failure(found)
        return False
    throttle.forgive(username)
    return True


def actor_of(person: Credentials | accounts.Login) -> Actor:
    """The person as the scope gate knows him, with the rights of this moment."""
    version = person.rights_version if isinstance(person, accounts.Login) else None
    return Actor(
        person.user_id,
        person.username,
        person.name or "",
        person.name_en or "",
        person.language or "zh",
        person.timezone or "",
        rights=rights_of(person.user_id, version),
    )


def _record_failure(found: Credentials | None) -> None:
    """A name that nobody has is not kept: it may be a password typed into the wrong box."""
    record_event("login_failed", subject=found.username if found else "")
    db.session.commit()
