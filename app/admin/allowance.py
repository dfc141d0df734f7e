"""How much one person may send in: files an hour and megabytes a day, whatever they are for (C68).

Counted before a file is looked at, in a transaction of its own, so that refused ones count too.
"""

from datetime import timedelta

from flask import request

from app.extensions import db
from app.spec import columns
from app.spec.errors import Throttled
from app.spec.settings import Chapter, Setting, declare, value
from app.store.attempts import Attempt, count_attempts
from app.store.context import actor

MOST_FILES: Setting[int] = declare(
    "uploads_an_hour",
    columns.integer(
        "Uploads of one person within an hour", "每人每小时上传次数上限", default=300,
        minimum=1, maximum=100_000,
    ),
    Chapter.BULK,
)  # fmt: skip
MOST_MB: Setting[int] = declare(
    "uploads_mb_a_day",
    columns.integer(
        "Uploads of one person within a day (MB)", "每人每天上传总量上限（MB）", default=2_000,
        minimum=1, maximum=1_000_000,
    ),
    Chapter.BULK,
)  # fmt: skip
MB = 1024 * 1024


def count_upload() -> None:
    """Count this request; :class:`Throttled` (429 + Retry-After) when it is too much.

    Ends the transaction under way first: a count must never wait for its own request.
    """
    me = actor().user_id
    size = -(-(request.content_length or 0) // MB)
    limits = (
        (Attempt(f"uploads:{me}", value(MOST_FILES)), timedelta(hours=1)),
        (Attempt(f"uploaded-mb:{me}", value(MOST_MB), size), timedelta(days=1)),
    )
    db.session.rollback()
    for limit, window in limits:
        refused = count_attempts([limit], window)
        if refused is not None:
            raise Throttled(refused.seconds)
