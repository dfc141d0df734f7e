"""What pages and API do alike with an import: each step in transactions of its own."""

from collections.abc import Mapping
from contextlib import closing
from typing import Any

from flask import request
from flask_babel import lazy_gettext as _l

from app.admin.allowance import count_upload
from app.admin.once import once
from app.extensions import db
from app.jobs import importing
from app.operations.importing import applying, headers, uploads
from app.operations.importing.options import parse
from app.spec.catalogue import catalogue
from app.spec.entity import Entity
from app.spec.errors import Conflict, Invalid
from app.store import door, imports, jobs
from app.store.context import actor
from app.store.engine import may_write
from app.store.idempotency import Replay
from app.store.imports import Import
from app.store.policy import Policy

LOOKED_AT_ONCE = 2_000
"""Rows that are rehearsed within a request; more are a job."""
ALREADY = _l("This file has been imported already.")
UNDER_WAY = _l("The dry run is still under way. Wait for its end, or cancel it.")


def upload(entity: Entity, key: str | None, sheet: str = "", *, every: bool = False) -> int:
    """Stage the file of this request, once, and return the number of its import; commits.

    With ``every`` the other sheets of a workbook are staged beside it, as imports of their own.
    """
    sent = request.files.get("file")
    if sent is None or not sent.filename:
        raise Invalid(fields={"file": [_l("Choose a file.")]})
    door.demand(entity.key, "import")
    count_upload()  # and nothing is held while it is read
    file = sent.stream, sent.filename, sheet
    with closing(sent), uploads.opened(entity, *file, every=every) as found:
        replay, _is_replay = once(key, lambda: Replay(201, {}, {"id": uploads.stage(found).id}))
    return int(replay.body["id"])


def settle(number: int, mapping: Mapping[str, Any], options: Mapping[str, Any]) -> None:
    """Take over how the file is to be read; remembered for the next one. The caller commits.

    A heading that ``mapping`` doesn't name means what it meant before, in this file or in the last
    one with these headings.

    Conflict when its import has begun: nobody can begin it until this transaction ends.
    """
    file = imports.own(number, lock=True)
    applying.check_open(file)
    entity = catalogue.get(file.entity)
    fields = headers.importable(entity, Policy(actor(), entity, "import"))
    before = headers.still_meant(file.mapping, fields)
    file.mapping = headers.checked(entity, file.headings, fields, before | dict(mapping))
    parse(entity, options)
    file.options = dict(options)
    file.rehearsal = None  # was of other settings
    headers.remember(entity, file.mapping)


def rehearse(number: int) -> dict[str, Any] | None:
    """The dry run over the whole file, in a transaction that holds up nobody; commits.

    None when it is a job's: then the file says which.
    """
    file = imports.own(number)
    if file.total > LOOKED_AT_ONCE:
        importing.rehearse_later(file, page_of(file))
        db.session.commit()
        return None
    db.session.commit()
    token = may_write.set(False)
    try:
        file = imports.own(number)
        settings = file.mapping, file.options
        found = applying.rehearse(file)
    finally:
        db.session.rollback()
        may_write.reset(token)
    file = imports.own(number, lock=True)
    if file.operation_id is None and (file.mapping, file.options) == settings:
        file.rehearsal = found
    db.session.commit()
    return found


def run(number: int) -> tuple[Import, int | None]:
    """Import the file, at once or by a job; the caller commits.

    Conflict when that has been done already, or while a dry run is under way.
    """
    file = imports.own(number, lock=True)
    if file.operation_id is not None:
        raise Conflict(ALREADY)
    if file.job_id and not jobs.is_closed(file.job_id):
        raise Conflict(UNDER_WAY)
    return file, importing.run(file, page_of(file))


def page_of(file: Import) -> str:
    """Where an import stands."""
    return f"/{catalogue.get(file.entity).plural}/import/{file.id}"
