"""Files of records in the browser and for programs: attach, fetch, remove, bring back (R15).

Whoever reads the record sees its files, whoever edits it changes them. A file is always fetched,
never shown: as what it was found to be, in a sandbox, under its own name. Of pictures a small copy
is shown that this program encoded itself (C65).
"""

from collections.abc import Sequence
from io import RawIOBase
from typing import Any, ClassVar

from flask import Response, flash, jsonify, render_template, request, send_file
from flask_appbuilder import BaseView, expose
from flask_appbuilder.api import BaseApi
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from werkzeug.datastructures import FileStorage
from werkzeug.exceptions import RequestedRangeNotSatisfiable
from werkzeug.wsgi import FileWrapper

from app.admin import bodies, forms, state
from app.admin.errors import wants_json
from app.admin.once import once
from app.admin.page import go_to, here
from app.admin.record import screen as record_screen
from app.admin.uploads import with_files
from app.extensions import db
from app.operations.rules import rules_of
from app.spec import clock, files, previews
from app.spec.catalogue import catalogue
from app.spec.entity import Entity
from app.spec.errors import BadRequest, Conflict, Invalid, NotFound, UnsupportedType
from app.spec.settings import value
from app.store import attachments, door, titles
from app.store.attachments import Attachment, Received
from app.store.context import actor
from app.store.idempotency import Replay
from app.store.policy import Policy

REMOVE, RESTORE = "remove", "restore"
SANDBOX = "default-src 'none'; sandbox"


class FilesView(BaseView):
    """``/<plural>/files/<pk>``; ``entity`` is set by the subclass."""

    entity: ClassVar[Entity]
    default_view = "attach"

    @expose("/files/<int:pk>", methods=["POST"])
    def attach(self, pk: int) -> Any:
        """Attach the files that were sent, all of them or none; then the record's files again."""
        demand(self.entity, pk, "edit")
        state.only(request.args)
        state.only(request.form, {*forms.CONTROL})
        state.only(request.files, {"file"})
        page = f"/{self.entity.plural}/show/{pk}?tab=files"
        try:
            store(self.entity, pk, request.files.getlist("file"), request.form.get("form_nonce"))
        except Invalid as refusal:
            if wants_json():
                raise
            return _again(self.entity, pk, refusal), refusal.status
        return jsonify({"url": here(page)}) if wants_json() else go_to(page)

    @expose("/files/<int:pk>/<int:number>", methods=["GET", "POST"])
    def file(self, pk: int, number: int) -> Response:
        """GET fetches a file; POST removes it or brings a removed one back."""
        if request.method != "POST":
            return sent(self.entity, pk, number)
        title = demand(self.entity, pk, "edit")
        wanted = request.form.get("do")
        if wanted not in (REMOVE, RESTORE):
            raise BadRequest
        change = attachments.remove if wanted == REMOVE else attachments.restore
        change(self.entity, pk, title, number)
        db.session.commit()
        if wanted == REMOVE:
            flash(_("The file is removed. It can be brought back below."), "success")
        return go_to(f"/{self.entity.plural}/show/{pk}?tab=files")

    @expose("/files/<int:pk>/<int:number>/preview", methods=["GET"])
    def preview(self, pk: int, number: int) -> Response:
        """A small copy of a picture, to look at."""
        demand(self.entity, pk, "read")
        state.only(request.args)
        content = attachments.opened_preview(attachments.find(self.entity.key, pk, number))
        answer = send_file(content, mimetype=previews.CONTENT_TYPE, conditional=False, etag=False)
        answer.headers["Content-Security-Policy"] = SANDBOX
        return answer


class FilesApi(BaseApi):
    """``/api/v1/<plural>/<id>/files``; ``entity`` is set by the subclass."""

    entity: ClassVar[Entity]
    csrf_exempt = False
    allow_browser_login = True
    openapi_spec_methods: ClassVar[dict[str, Any]] = {}

    @expose("/<int:pk>/files", methods=["GET"])
    def files(self, pk: int) -> Response:
        """The files of a record, newest first."""
        demand(self.entity, pk, "read")
        bodies.arguments()
        found = described(attachments.of(self.entity.key, pk))
        return jsonify({"count": len(found), "result": found})

    @expose("/<int:pk>/files", methods=["POST"])
    def attach(self, pk: int) -> Response:
        """Attach one file."""
        demand(self.entity, pk, "edit")
        bodies.arguments()
        if request.mimetype != "multipart/form-data":
            raise UnsupportedType(_l("Send the file as multipart/form-data."))
        given = request.files.getlist("file")
        if request.form or set(request.files) - {"file"} or len(given) > 1:
            raise BadRequest(_l("The arguments are not understood."))
        answer, is_replay = store(self.entity, pk, given, bodies.idempotency_key())
        number = answer.body["ids"][0]
        (one,) = described([attachments.find(self.entity.key, pk, number)])
        made = Replay(201, {}, {"id": number, "result": one})
        return bodies.answered(made, is_replay=is_replay)

    @expose("/<int:pk>/files/<int:number>", methods=["GET"])
    def file(self, pk: int, number: int) -> Response:
        """One file."""
        return sent(self.entity, pk, number)

    @expose("/<int:pk>/files/<int:number>", methods=["DELETE"])
    def remove(self, pk: int, number: int) -> Response:
        """Take a file off the record."""
        demand(self.entity, pk, "edit")
        bodies.arguments()

        def removed() -> Replay:
            title = demand(self.entity, pk, "edit")
            attachments.remove(self.entity, pk, title, number)
            return Replay(200, {}, {"id": number})

        answer, is_replay = once(bodies.idempotency_key(), removed)
        return bodies.answered(answer, is_replay=is_replay)


def demand(entity: Entity, pk: int, operation: str) -> str:
    """NotPermitted or NotFound unless the record lies in the scope of that operation; its title.

    Conflict for one that may only be read by now, as one that was converted (LEAD-2).
    What a pool shows its members are columns, not files (POOL-1).
    """
    title = entity.fields[entity.title]
    record = door.fetch(entity, pk, operation, [title])
    if Policy(actor(), entity, operation).pool_columns(record) is not None:
        raise NotFound
    if operation != "read" and rules_of(entity).is_closed(record):
        raise Conflict
    return titles.title(entity, record)


def store(
    entity: Entity, pk: int, given: Sequence[FileStorage], key: str | None
) -> tuple[Replay, bool]:
    """Attach files, all of them or none, once; commits. The numbers are ``ids`` of the answer.

    Nothing is open while the content is written: uploads take their time (R10).
    """
    if not any(one.filename for one in given):
        raise Invalid(fields={"file": [_l("Choose a file.")]})
    return with_files(given, key, lambda received: _attached(entity, pk, received))


def _attached(entity: Entity, pk: int, received: Sequence[Received]) -> Replay:
    title = demand(entity, pk, "edit")
    if attachments.count(entity.key, pk) + len(received) > value(files.MOST_FILES):
        raise Invalid(fields={"file": [_l("This record has too many files already.")]})
    ids = [attachments.add(entity, pk, title, one) for one in received]
    return Replay(302, {}, {"ids": ids})


def sent(entity: Entity, pk: int, number: int) -> Response:
    """A file to whoever may read its record; nothing of it is ever run by the browser (C65)."""
    demand(entity, pk, "read")
    state.only(request.args)
    file = attachments.find(entity.key, pk, number)
    content = attachments.opened(file)
    answer = send_file(
        content,
        mimetype=file.content_type,
        as_attachment=True,
        download_name=file.name,
        conditional=False,
        etag=False,
        last_modified=file.created_at,
    )
    if request.range or isinstance(content, RawIOBase):
        # Servers send files in the loop that serves everybody, and from the beginning: theirs is
        # only what lies on this machine and is wanted whole.
        answer.response = FileWrapper(content, files.BLOCK)
    answer.content_length = file.size
    try:
        answer.make_conditional(request.environ, accept_ranges=True, complete_length=file.size)
    except RequestedRangeNotSatisfiable:
        content.close()
        raise
    answer.headers["Content-Security-Policy"] = SANDBOX
    return answer


def described(found: Sequence[Attachment]) -> list[dict[str, Any]]:
    """Files as programs read them; nothing of where they lie (C71)."""
    names = titles.by_ids(
        catalogue.get("user"), [f.created_by_id for f in found if f.created_by_id]
    )
    return [
        {
            "id": file.id,
            "name": file.name,
            "size": file.size,
            "sha256": file.sha256,
            "content_type": file.content_type,
            "created_at": clock.iso(file.created_at),
            "created_by": {"id": file.created_by_id, "label": names.get(file.created_by_id, "")}
            if file.created_by_id
            else None,
        }
        for file in found
    ]


def _again(entity: Entity, pk: int, refusal: Invalid) -> str:
    """The record's files with what was wrong."""
    db.session.rollback()
    screen = record_screen.screen(entity, pk, record_screen.Wanted(tab="files"))
    wrong = [str(one) for some in refusal.fields.values() for one in some]
    screen["files"] = (screen["files"] or {}) | {"errors": wrong}
    return render_template("show.html", screen=screen)
