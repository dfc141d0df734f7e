"""Giving somebody a way back in: a password that works once and soon ends (C6).

Who may do this for whom is decided by the caller: resetting somebody's password is as good as
being him.
"""

from app.admin.security import passwords
from app.extensions import db
from app.spec import clock
from app.store import accounts
from app.store.history import record_event


def reset_password(user_id: int, username: str) -> str:
    """Replace the password by one that must be changed at the first login; ends all sessions.

    Commits. The answer is to be shown once and is not kept anywhere readable.
    """
    told, stored = passwords.one_time(clock.now())
    accounts.set_password([user_id], stored, must_change=True)
    record_event("password_reset", subject=username)
    db.session.commit()
    return told
