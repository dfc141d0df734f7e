"""How many records somebody may still claim, in words (POOL-2)."""

from collections.abc import Sequence
from datetime import date

from babel.dates import format_skeleton
from flask_babel import get_locale
from flask_babel import gettext as _

from app.store import claims
from app.store.claims import Allowance
from app.store.context import actor


def left(allowed: Allowance) -> str:
    """What is left of his claims and until when; empty where a pool has no limit."""
    if allowed.left is None:
        return ""
    told: str = _(
        "%(left)s of %(limit)s until %(day)s",
        left=allowed.left,
        limit=allowed.limit,
        day=_day(allowed.last_day),
    )
    return told


def of_pools(pools: Sequence[int]) -> list[str]:
    """A line for each of these pools that has a limit: one statement for all."""
    found = claims.allowances(pools, actor().user_id) if pools else {}
    return [
        _("Claims left in “%(pool)s”: %(left)s", pool=one.name, left=left(one))
        for one in found.values()
        if one.limit is not None
    ]


def _day(day: date) -> str:
    """As people call it: Sun, Nov 29."""
    return str(format_skeleton("MMMEd", day, locale=get_locale()))
