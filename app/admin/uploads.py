"""Files that come with a form: taken in first; what is done with them happens once (R10, R15)."""

from collections.abc import Callable, Sequence
from contextlib import ExitStack

from flask_babel import lazy_gettext as _l
from werkzeug.datastructures import FileStorage

from app.admin.allowance import count_upload
from app.admin.once import once
from app.spec.errors import Invalid, Refusal
from app.store import attachments
from app.store.attachments import Received
from app.store.idempotency import Replay

AT_ONCE = 20
"""Files of one form."""


def with_files(
    given: Sequence[FileStorage], key: str | None, effect: Callable[[Sequence[Received]], Replay]
) -> tuple[Replay, bool]:
    """Take in the files that were sent, then do ``effect`` with them once; commits.

    When it refuses, none of them stays.
    """
    given = [one for one in given if one.filename]
    if len(given) > AT_ONCE:
        raise Invalid(fields={"file": [_l("Too many.")]})
    if given:
        count_upload()
    with ExitStack() as uploads:
        for one in given:
            uploads.callback(one.close)
        received = _received(given)
        try:
            answer, is_replay = once(key, lambda: effect(received))
        except Refusal:  # nothing is committed; after any other fault only the sweep can tell
            _discard(received)
            raise
    if is_replay:
        _discard(received)
    return answer, is_replay


def _received(given: Sequence[FileStorage]) -> list[Received]:
    found: list[Received] = []
    try:
        for one in given:
            found.append(attachments.receive(one.stream, one.filename or ""))
    except BaseException as fault:  # whatever it is: all of them or none
        _discard(found)
        if isinstance(fault, ValueError):
            raise Invalid(fields={"file": [f"{one.filename}: {fault.args[0]}"]}) from fault
        raise
    return found


def _discard(received: Sequence[Received]) -> None:
    for one in received:
        attachments.discard(one)
