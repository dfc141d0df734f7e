"""A record's checklist: who ticks it and who says what stands in it (TASK).

Whoever may mark the record done ticks its steps, a task's participants too; whoever edits it adds,
rewords, moves and removes them. Steps are no fields: two people who tick two of them at once hinder
each other as little as two who comment (C86).
"""

from collections.abc import Callable, Sequence
from typing import Any

from flask_babel import lazy_gettext as _l

from app.operations.rules import rules_of
from app.spec.entity import CHECKLIST, Entity
from app.spec.errors import Conflict, Invalid, NotFound
from app.spec.text import clean
from app.store import checklists, door, history, titles
from app.store.checklists import Line

MOST, LONGEST = 50, 200
TICKING, WRITING = "complete", "edit"
LINE = "checklist_line"
"""The note in a record's history: a step before and after."""


def demand(entity: Entity, record_id: int, operation: str) -> Any:
    """The record, held: of all that is done to its checklist one thing comes after the other.

    NotPermitted, NotFound; Conflict for a record that is only there to be read.
    """
    asked = [entity.fields[entity.title], entity.fields[CHECKLIST]]
    record = door.fetch(entity, record_id, operation, asked, lock=True)
    if rules_of(entity).is_closed(record):
        raise Conflict(_l("The record is only there to be read."))
    return record


def add(entity: Entity, record_id: int, text: str) -> list[int]:
    """Add a step, or one for each line of the text; their numbers. Invalid for too many."""
    record = demand(entity, record_id, WRITING)
    texts = [_cleaned(line) for line in text.splitlines() if line.strip()]
    here = checklists.of(entity.key, record_id)
    if not texts:
        raise Invalid(fields={"text": [_l("Write something.")]})
    if len(here) + len(texts) > MOST:
        raise Invalid(fields={"text": [_l("At most %(n)s lines.", n=MOST)]})
    numbers = checklists.add(entity.key, record_id, texts, here[-1].place if here else 0)
    _done(entity, record, [["", _said(one, is_done=False)] for one in texts])
    return numbers


def tick(entity: Entity, record_id: int, number: int, *, is_done: bool) -> None:
    """Mark a step as done or not; said twice it stays as it was said first."""
    record = demand(entity, record_id, TICKING)
    line = _find(entity, record_id, number)
    if line.is_done == is_done:
        return
    checklists.tick(number, is_done=is_done)
    was, now = (_said(line.text, is_done=one) for one in (line.is_done, is_done))
    _done(entity, record, [[was, now]])


def reword(entity: Entity, record_id: int, number: int, text: str) -> None:
    """Say otherwise what is to be done."""
    record = demand(entity, record_id, WRITING)
    line, words = _find(entity, record_id, number), _cleaned(text)
    if not words:
        raise Invalid(fields={"text": [_l("Write something.")]})
    if words == line.text:
        return
    checklists.reword(number, words)
    was, now = (_said(one, is_done=line.is_done) for one in (line.text, words))
    _done(entity, record, [[was, now]])


def move(entity: Entity, record_id: int, number: int, step: int) -> None:
    """Let a step change places with the one before it (-1) or behind it (1); at the end it stays.

    An order is no history.
    """
    demand(entity, record_id, WRITING)
    lines = checklists.of(entity.key, record_id)
    at = next((n for n, line in enumerate(lines) if line.id == number), None)
    if at is None:
        raise NotFound
    to = at + step
    if 0 <= to < len(lines):
        lines[at], lines[to] = lines[to], lines[at]
        for place, line in enumerate(lines, start=1):
            if line.place != place:
                checklists.place(line.id, place)


def remove(entity: Entity, record_id: int, number: int) -> None:
    """Take a step off the list."""
    record = demand(entity, record_id, WRITING)
    line = _find(entity, record_id, number)
    checklists.remove(number)
    _done(entity, record, [[_said(line.text, is_done=line.is_done), ""]])


DOING: dict[str, Callable[[Entity, int, int], None]] = {
    "tick": lambda entity, pk, number: tick(entity, pk, number, is_done=True),
    "untick": lambda entity, pk, number: tick(entity, pk, number, is_done=False),
    "up": lambda entity, pk, number: move(entity, pk, number, -1),
    "down": lambda entity, pk, number: move(entity, pk, number, 1),
    "remove": remove,
}
"""What is done to one step without saying more."""


def _find(entity: Entity, record_id: int, number: int) -> Line:
    found = (line for line in checklists.of(entity.key, record_id) if line.id == number)
    line = next(found, None)
    if line is None:
        raise NotFound
    return line


def _cleaned(text: str) -> str:
    try:
        words = clean(text)
    except ValueError as error:
        raise Invalid(fields={"text": [error.args[0]]}) from None
    if len(words) > LONGEST:
        raise Invalid(fields={"text": [_l("At most %(n)s characters.", n=LONGEST)]})
    return words


def _said(text: str, *, is_done: bool) -> str:
    return f"{'☑' if is_done else '☐'} {text}"


def _done(entity: Entity, record: Any, said: Sequence[Sequence[str]]) -> None:
    """The history of what was done, and what the record tells of it."""
    was, title = getattr(record, CHECKLIST), titles.title(entity, record)
    changes: list[dict[str, Sequence[Any]]] = [{LINE: one} for one in said]
    changes[-1][CHECKLIST] = [was, checklists.tell(entity, record.id)]
    history.record_writes("edit", entity.key, [(record.id, title, one) for one in changes])
