"""One POST, one effect (BULK-8): forms bring a nonce, programs an Idempotency-Key."""

import hashlib
from collections.abc import Callable

from flask import g, request

from app.extensions import db
from app.store import idempotency
from app.store.context import actor
from app.store.idempotency import Replay

VARYING = frozenset({"csrf_token"})
"""Inputs that differ between two sendings of the same form."""


def once(key: str | None, effect: Callable[[], Replay]) -> tuple[Replay, bool]:
    """Do ``effect`` in one transaction, or give the answer it had the first time.

    Returns the answer and whether it is a replay. Commits; a refusal leaves nothing behind.
    """
    if not key:
        answer = effect()
        db.session.commit()
        return answer, False
    user_id = actor().user_id
    replay = idempotency.begin(user_id, key, _digest())
    if replay is not None:
        db.session.rollback()
        return replay, True
    answer = effect()
    idempotency.finish(user_id, key, answer)
    db.session.commit()
    return answer, False


def _digest() -> str:
    """What was sent, in short: found once, because whoever reads a file closes it."""
    if "sent_digest" not in g:
        g.sent_digest = _sent()
    digest: str = g.sent_digest
    return digest


def _sent() -> str:
    if request.is_json:
        body = request.get_data(cache=True)
    else:
        pairs = sorted((k, v) for k, v in request.form.items(multi=True) if k not in VARYING)
        body = repr([*pairs, *_files()]).encode()
    return idempotency.fingerprint(request.method, request.path, body)


def _files() -> list[tuple[str, str | None, str]]:
    """The uploaded files by what is in them."""
    found = []
    for name, file in request.files.items(multi=True):
        file.stream.seek(0)  # somebody may have read it
        digest = hashlib.file_digest(file.stream, "sha256").hexdigest()  # type: ignore[arg-type]
        file.stream.seek(0)
        found.append((name, file.filename, digest))
    return found
