"""One's own imports: what was uploaded, how far it has got, the way to take it back (IMP)."""

from typing import Any

from flask import render_template, request
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from app.admin import cells, state
from app.admin.importing.work import page_of
from app.admin.manual import explained
from app.admin.page import Page, expose
from app.admin.undo_pages import undo_states
from app.spec.catalogue import catalogue
from app.store import imports, runs
from app.store.context import actor
from app.store.imports import Import

ON_A_PAGE = 50


class ImportsView(Page):
    """``/imports/``."""

    route_base = "/imports"
    default_view = "show"

    @expose("/")
    @explained(
        _l(
            "The files that you imported, newest first, with what became of their rows. An import "
            "that is not finished can be taken up where you left it."
        )
    )
    def show(self) -> str:
        """The newest imports; ``before`` goes on to older ones."""
        state.only(request.args, {"before"})
        before = state.whole(request.args.get("before"), 0) or None
        found = imports.latest(ON_A_PAGE + 1, before)
        shown = found[:ON_A_PAGE]
        states = undo_states(list(runs.of(file.operation_id for file in shown)))
        may = actor().rights.may
        screen = {
            "kinds": [
                {"label": str(entity.many), "url": f"/{entity.plural}/import"}
                for entity in catalogue
                if may(entity.key, "import")
            ],
            "rows": [_row(file, states.get(file.operation_id or 0, {})) for file in shown],
            "older_url": f"/imports/?before={shown[-1].id}" if len(found) > len(shown) else "",
            "newest_url": "/imports/" if before else "",
        }
        return render_template("imports.html", screen=screen)


def _row(file: Import, undo: dict[str, Any]) -> dict[str, Any]:
    outcome = _("not imported yet")
    if file.operation_id is not None:
        outcome = _(
            "%(created)s created, %(updated)s updated, %(skipped)s skipped, %(failed)s failed",
            created=f"{file.created:,}",
            updated=f"{file.updated:,}",
            skipped=f"{file.skipped:,}",
            failed=f"{file.failed:,}",
        )
    return {
        "number": file.id,
        "name": f"{file.name} · {file.sheet}" if len(file.sheets) > 1 else file.name,
        "kind": str(catalogue.get(file.entity).many),
        "total": file.total,
        "outcome": outcome,
        "when": cells.moment(file.at),
        "url": page_of(file),
        "undo": undo,
    }
