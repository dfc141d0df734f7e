"""The steps of an import in the browser: upload, settings, dry run, report (IMP, UI-12)."""

import tempfile
from typing import Any, ClassVar

from flask import Response, render_template, request, send_file
from flask_appbuilder import BaseView, expose
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from werkzeug.datastructures import MultiDict

from app.admin import forms, state
from app.admin.export_files import MIME
from app.admin.importing import screens, work
from app.admin.importing.api import failed_rows
from app.admin.importing.screens import COLUMN, DEFAULT
from app.admin.manual import explained
from app.admin.once import once
from app.admin.page import go_to
from app.operations.importing import options, template
from app.spec.entity import Entity
from app.spec.errors import BadRequest, Invalid, TooLarge
from app.store import door, imports
from app.store.idempotency import Replay
from app.store.imports import Import

Answer = str | Response | tuple[str, int]


class ImportView(BaseView):
    """``/<plural>/import``; ``entity`` is set by the subclass."""

    entity: ClassVar[Entity]
    default_view = "upload"

    @expose("/import", methods=["GET", "POST"])
    @explained(
        _l(
            "Choose a spreadsheet with one record per line and headings above. Nothing is written "
            "before you have seen what would become of every row."
        )
    )
    def upload(self) -> Answer:
        """Choose a file; it is read at once, and refused when it can't be."""
        door.demand(self.entity.key, "import")
        state.only(request.args)
        if request.method == "GET":
            return _page(screens.upload(self.entity))
        sheet = request.form.get("sheet", "").strip()
        try:
            nonce = request.form.get("form_nonce")
            number = work.upload(self.entity, nonce, sheet, every=not sheet)
        except (Invalid, TooLarge) as refusal:
            return _page(screens.upload(self.entity, refusal)), refusal.status
        return go_to(f"/{self.entity.plural}/import/{number}")

    @expose("/import/template")
    def template(self) -> Response:
        """An empty sheet to be filled in, in the reader's language."""
        door.demand(self.entity.key, "import")
        state.only(request.args)
        target = tempfile.TemporaryFile()  # noqa: SIM115 - sent and closed by the response
        template.write(target, self.entity)
        target.seek(0)
        name = _("Template %(kind)s", kind=self.entity.many)
        return send_file(
            target, mimetype=MIME["xlsx"], as_attachment=True, download_name=f"{name}.xlsx"
        )

    @expose("/import/<int:number>", methods=["GET", "POST"])
    @explained(
        _l(
            "Say which column means what, look at the dry run, then import. Each row says why it "
            "is left out; failed rows can be fetched, mended and imported again, and the whole "
            "import can be undone."
        )
    )
    def steps(self, number: int) -> Answer:
        """The next step of an import: as far as it has got, or as what was posted asks."""
        file = self._found(number)
        if request.method == "GET":
            state.only(request.args, {"step"})
            return _page(_screen(file, request.args.get("step", "")))
        step = request.form.get("step", "")
        if step == "run":
            return self._run(number)
        if step != "preview":
            raise BadRequest
        mapping, raw = _mapping(file), _raw(self.entity)
        try:
            work.settle(number, mapping, raw)
        except Invalid as refusal:
            return _page(screens.settings(file, raw, refusal)), refusal.status
        work.rehearse(number)
        return _page(_screen(imports.own(number), "preview"))

    @expose("/import/<int:number>/failed")
    def failed(self, number: int) -> Response:
        """The failed rows as a workbook, each with its reasons."""
        state.only(request.args)
        return failed_rows(self._found(number))

    def _found(self, number: int) -> Import:
        door.demand(self.entity.key, "import")
        return imports.own(number, self.entity.key)

    def _run(self, number: int) -> Response:
        def effect() -> Replay:
            file, _job = work.run(number)
            return Replay(302, {}, {"id": file.id})

        once(request.form.get("form_nonce"), effect)
        return go_to(f"/{self.entity.plural}/import/{number}")


def _page(screen: dict[str, Any]) -> str:
    return render_template("import.html", screen=screen)


def _screen(file: Import, step: str) -> dict[str, Any]:
    """Where an import stands; its settings can be looked at again until it is done."""
    if file.operation_id is not None:
        return screens.report(file)
    if (file.rehearsal or file.job_id) and step != "settings":
        return screens.preview(file)
    return screens.settings(file)


def _mapping(file: Import) -> dict[str, str]:
    """What each column means, as the form says it."""
    return {
        heading: request.form.get(f"{COLUMN}{place}", "")
        for place, heading in enumerate(file.headings)
    }


def _raw(entity: Entity) -> dict[str, Any]:
    """The options that the form sent."""
    own = {f.key: f for f in options.params(entity)}
    sent = MultiDict((k, v) for k, v in request.form.items(multi=True) if k in own)
    prefixed = (
        (k.removeprefix(DEFAULT), v)
        for k, v in request.form.items(multi=True)
        if k.startswith(DEFAULT)
    )
    given = MultiDict((k, v) for k, v in prefixed if v != "")
    fields = {k: f for k, f in options.defaultable(entity).items() if k in given}
    found = forms.read(sent, own) | {options.DEFAULTS: forms.read(given, fields)}
    return {key: value for key, value in found.items() if value not in ("", [], {})}
