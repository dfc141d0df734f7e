"""What people of the demo company say about tasks and work logs (NOTE)."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from sqlalchemy import select

from app.extensions import db
from app.spec import mentions
from app.spec.catalogue import catalogue
from app.store import bulk_load
from app.store.comments import Comment

COLUMNS = ("entity", "record_id", "user_id", "text", "written_at")
TALKED_ABOUT = 12
"""So many of each kind, the newest, however large the company is."""
OWNER, SUPERIOR = "owner", "superior"
_TALKS = {
    "task": (
        ((OWNER, "下午给客户回过电话，等对方确认。"), (SUPERIOR, "好的，@{owner} 有结果告诉我。")),
        ((SUPERIOR, "Any news, @{owner}?"),),
    ),
    "work_log": (
        ((SUPERIOR, "写得很清楚，继续保持。"),),
        ((SUPERIOR, "@{owner} What about the price list?"), (OWNER, "It comes on Friday.")),
    ),
}


def write(people: Mapping[str, int], today: date) -> None:
    """Store them: the owner's superior and the owner talk, in turns."""
    names = {number: name for name, number in people.items()}
    above = _above()
    rows = [row for key in _TALKS for row in _rows(key, names, above, today)]
    bulk_load.fill_table(Comment.__table__, COLUMNS, rows)


def _above() -> dict[int, int]:
    user = catalogue.get("user").model
    found = db.session.execute(select(user.id, user.superior_id))
    return {number: superior for number, superior in found if superior}


def _rows(
    key: str, names: Mapping[int, str], above: Mapping[int, int], today: date
) -> Iterator[Sequence[Any]]:
    model = catalogue.get(key).model
    asked = select(model.id, model.owner_id).order_by(model.id.desc()).limit(TALKED_ABOUT)
    moment = datetime.combine(today, time(3), tzinfo=UTC)
    for number, (record, owner) in enumerate(db.session.execute(asked).all()):
        voices = {OWNER: owner, SUPERIOR: above.get(owner)}
        for turn, (who, said) in enumerate(_TALKS[key][number % 2] if voices[SUPERIOR] else ()):
            text = mentions.stored(said.format(owner=names[owner]), {names[owner]: owner})
            yield (
                key,
                record,
                voices[who],
                text,
                moment + timedelta(minutes=20 * turn - 60 * number),
            )
