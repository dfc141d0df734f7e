"""A hand-over from its beginning to its end, chunk by chunk (XFER-6, BULK-3).

It is one run of ``hand_over`` on its person, whose rows are of many kinds. A small one does all of
them at once; of a large one the places are written down, and a job takes the same steps. At the
end each receiver gets one message, and the account is disabled if that was asked for and nothing
keeps it.
"""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from flask_babel import lazy_gettext as _l

from app.operations.behaviour import CHUNK, chunks
from app.operations.engine import run as run_operation
from app.operations.handing_over.behaviour import JOB
from app.operations.handing_over.places import OWNER, PEOPLE, Book, Place, Way, book, places, way
from app.operations.handing_over.splitting import Share, Shares, Split, shares
from app.operations.handing_over.steps import Doing, step
from app.operations.handing_over.telling import tell
from app.operations.lifecycle import Disable
from app.operations.outcome import Outcome, Skip
from app.operations.selection import Selection
from app.spec.catalogue import catalogue
from app.spec.errors import Conflict, Invalid, NotPermitted
from app.spec.operations import HAND_OVER
from app.store import access, hand_overs, runs
from app.store.context import actor
from app.store.runs import OperationRun

NOBODY = _l("Choose at least one person.")
HIMSELF = _l("Nobody receives his own things.")
ONESELF = _l("Nobody hands over to himself what he may not transfer.")
NOTHING = _l("There is nothing to hand over.")


@dataclass(frozen=True)
class Wish:
    """What somebody wants to become of a person's things."""

    receivers: Sequence[int]
    splits: Mapping[str, Split]
    message: str = ""
    disables: bool = False


@dataclass
class Preview:
    """What would become of them."""

    book: Book
    going: Counter[tuple[int, str]] = field(default_factory=Counter)
    """How many, by receiver and place."""
    follow: Counter[str] = field(default_factory=Counter)
    """How many of a place go because of what they hang on."""
    skipped: dict[str, list[Skip]] = field(default_factory=dict)
    """What can't go, by place."""
    staying: Mapping[str, int] = field(default_factory=dict)
    """How many are to stay, by place."""

    @property
    def total(self) -> int:
        return sum(self.going.values())


def check(me: Way, wish: Wish) -> None:
    """Raise Invalid for receivers that can't be."""
    wrong: list[Any] = []
    if not wish.receivers:
        wrong.append(NOBODY)
    if me.person in wish.receivers:
        wrong.append(HIMSELF)
    if me.is_whole and not actor().rights.is_super and actor().user_id in wish.receivers:
        wrong.append(ONESELF)
    if wrong:
        raise Invalid(fields={"to": wrong})
    if wish.disables and not actor().rights.may(PEOPLE, Disable.slug):
        raise NotPermitted


def preview(me: Way, wish: Wish) -> Preview:
    """What would become of everything, by the very steps of the run; writes nothing."""
    check(me, wish)
    all_of_it = book(me)
    planned = shares(all_of_it, wish.receivers, wish.splits)
    found = Preview(all_of_it, staying=planned.staying)
    doing = Doing(me)
    for place, some in _by_place(planned):
        found.follow[place.key] += sum(share.follows for share in some)
        to = {share.record: share.receiver for share in some}
        for chunk in chunks(list(to)):
            receivers = {record: to[record] for record in chunk}
            took = step(doing, place, receivers)
            found.going.update((receivers[c.id], place.key) for c in took.changes)
            if took.skipped:
                found.skipped.setdefault(place.key, []).extend(took.skipped)
    return found


def _by_place(planned: Shares) -> Iterator[tuple[Place, list[Share]]]:
    by: dict[str, list[Share]] = defaultdict(list)
    for share in planned.going:
        by[share.place].append(share)
    for key, some in by.items():
        yield places()[key], some


def begin(me: Way, wish: Wish) -> Outcome:
    """Hand over, at once or by a job; does not commit.

    Conflict when somebody else hands over the same person's things, or there is nothing to do.
    """
    check(me, wish)
    receivers = sorted(wish.receivers)
    kept = {"to": receivers, "message": wish.message}
    run = runs.start(HAND_OVER.slug, PEOPLE, {"ids": [me.person]}, kept)
    hand_overs.begin(run, me.person, disables=wish.disables)
    planned = shares(book(me), wish.receivers, wish.splits)
    total = hand_overs.add(run, ((s.place, s.record, s.receiver) for s in planned.going))
    if not total and not wish.disables:
        raise Conflict(NOTHING)
    runs.count(run, total=total, done=0, skipped=0)
    if total > CHUNK:
        return Outcome(total, operation_id=run, is_waiting=True, job=JOB)
    outcome, cursor = Outcome(total, operation_id=run), 0
    past = runs.under_way(run)
    while took := advance(past, cursor):
        cursor = took.cursor
        outcome.done += took.done
        outcome.skipped += took.skipped
    runs.count(run, total=total, done=outcome.done, skipped=len(outcome.skipped))
    settle(past)
    return outcome


@dataclass
class Took:
    """What a chunk has done."""

    cursor: int
    done: int
    skipped: list[Skip]


def advance(past: OperationRun, cursor: int) -> Took | None:
    """The next chunk of a run; None when there is nothing left. Asks for the rights anew (C40)."""
    me = Doing(way(hand_overs.of(past.id).person_id), past.id)
    items = hand_overs.next_ones(past.id, cursor, CHUNK)
    if not items:
        return None
    place = places()[items[0].place]
    if place.ties:
        me.stayed = hand_overs.skipped(past.id, {f"{tie.to}:{OWNER}" for tie in place.ties})
    took = step(me, place, {one.record_id: one.receiver_id for one in items})
    note(past.id, items, took.skipped)
    return Took(items[-1].id, len(items) - len(took.skipped), took.skipped)


def note(run: int, items: Sequence[Any], skipped: Sequence[Skip]) -> None:
    """What became of these items, in the report."""
    by_record = {skip.id: skip.item for skip in skipped}
    left = {
        one.id: (by_record[one.record_id]["code"], by_record[one.record_id]["reason"])
        for one in items
        if one.record_id in by_record
    }
    hand_overs.settle(run, items, left)


def settle(past: OperationRun) -> None:
    """What belongs to the end of a hand-over, however it ends: messages, the account."""
    mine = hand_overs.of(past.id)
    told = mine.result.get("told", 0)
    given: dict[int, Counter[str]] = defaultdict(Counter)
    for place, receiver, outcome, n in hand_overs.counts(past.id, after=told):
        if outcome == "done" and receiver:
            given[receiver][place] += n
    tell(mine.person_id, given, f"{past.id}.{told}", past.params.get("message") or "", past.id)
    is_through = not hand_overs.items(past.id, runs.PENDING, 1)
    left = _disabled(mine.person_id) if mine.disables and is_through else {}
    hand_overs.end(past.id, {"told": hand_overs.last_done(past.id), **left})


def _disabled(person: int) -> dict[str, Any]:
    """Disable the account, by the rules of that operation: what keeps it from it stays said."""
    if not access.is_active(person):
        return {"disabled": True}
    if not actor().rights.may(PEOPLE, Disable.slug):
        return {"disabled": False, "code": "not_permitted", "reason": ""}
    people = catalogue.get(PEOPLE)
    outcome = run_operation(Disable(), people, Selection(ids=(person,)), {}, dry_run=False)
    if outcome.done:
        return {"disabled": True, "run": outcome.operation_id}
    [skip] = outcome.skipped
    return {"disabled": False, "code": skip.code, "reason": skip.item["reason"]}


def left_over(person: int) -> dict[str, int]:
    """What the person has now, by place, whoever asks: one statement for each place."""
    found = book(Way(person, is_whole=True))
    return {
        key: len(held) + found.beyond.get(key, 0)
        for key, held in found.held.items()
        if held or found.beyond.get(key)
    }


def owned(key: str) -> bool:
    """Whether a place is that of an owner, so that it keeps an account from being disabled."""
    return key.endswith(f":{OWNER}")
