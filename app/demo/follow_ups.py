"""Follow-ups of demo customers and leads: one to three each, the last as its record tells it."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import timedelta
from typing import Any

from app.demo.particulars import FOLLOW_UPS

_METHODS = ("call", "call", "call", "wechat", "wechat", "visit", "email", "sms")
_RESULTS = ("interested", "interested", "call_back", "call_back", "not_reached", None, None)
_AN_HOUR = 3_600
Row = dict[str, Any]


def follow_ups(records: Iterable[Mapping[str, Any]], link: str) -> Iterator[Row]:
    """The follow-ups of these stored rows, oldest first; ``link`` is the field that names them."""
    for record in records:
        last = record.get("last_follow_up_at")
        if last is not None:
            yield from _of(record, link, last)


def _of(record: Mapping[str, Any], link: str, last: Any) -> Iterator[Row]:
    number = record["id"] * 2_654_435_761
    first, several = record["obtained_at"] or record["created_at"], 1 + (number >> 7) % 3
    seconds = max(int((last - first).total_seconds()), 0)
    author = record["owner"] or record["previous_owner"] or record["created_by"]
    for place in range(several, 0, -1):
        back = seconds * (place - 1) // several // _AN_HOUR * _AN_HOUR
        happened, mixed = last - timedelta(seconds=back), number >> (3 * place)
        is_last = place == 1
        yield {
            link: record["id"],
            "text": record["last_follow_up_text"]
            if is_last
            else FOLLOW_UPS[mixed % len(FOLLOW_UPS)],
            "method": _METHODS[mixed % len(_METHODS)],
            "result": _RESULTS[mixed % len(_RESULTS)],
            "happened_at": happened,
            "next_contact_at": record["next_contact_at"] if is_last else None,
            "author": author,
            "created_at": happened,
            "created_by": author,
            "updated_at": happened,
            "updated_by": author,
        }
