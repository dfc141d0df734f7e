"""Data quality (CUS-9): records that contradict themselves, lack something or lie idle, and why.

Whoever may list the records sees what is doubtful among those in his scope.
"""

from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from flask import Response, render_template, request
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from app.admin import state
from app.admin.lists.rows import rows
from app.admin.manual import explained
from app.admin.navigation import QUALITY
from app.admin.page import Page, expose, go_to
from app.spec.catalogue import catalogue
from app.spec.entity import Entity
from app.spec.errors import BadRequest, NotFound, NotPermitted
from app.spec.quality import Check
from app.store import door, doubts
from app.store.context import actor
from app.store.listing import COUNT_CAP

SIZE = 50
OWNERS = {"me": "@me", "my_people": "@my_people"}


@dataclass(frozen=True)
class Asked:
    """What the address says: which records, by which check, whose, which page."""

    entity: Entity
    check: str
    owner: str
    page: int

    def url(self, path: str = "", **changes: Any) -> str:
        """The address with something changed; any change starts at page one."""
        now = {"check": self.check, "owner": self.owner, "page": ""} | changes
        kept = {key: value for key, value in now.items() if value}
        base = f"{QUALITY}{self.entity.plural}{path}"
        return f"{base}?{urlencode(kept)}" if kept else base

    @property
    def conditions(self) -> list[dict[str, str]]:
        if not self.owner:
            return []
        return [{"col": "owner", "opr": "eq", "value": OWNERS[self.owner]}]


class DataQualityView(Page):
    """``/data-quality/`` and ``/data-quality/<plural>``."""

    route_base = "/data-quality"
    default_view = "first"

    @expose("/")
    @explained(_l("Records that lack something, contradict themselves or lie idle, and why."))
    def first(self) -> Response:
        """The first kind of record that the reader may look at; 403 when there is none."""
        state.only(request.args)
        kinds = checked()
        if not kinds:
            raise NotPermitted
        return go_to(f"{QUALITY}{kinds[0].plural}")

    @expose("/<plural>")
    @explained(
        _l(
            "Each row is a record in your scope that a check has found, with the reasons. "
            "Choose a check to see its rows only; open a record to mend it."
        )
    )
    def show(self, plural: str) -> str:
        """The doubtful records of one kind."""
        asked = _asked(plural)
        return render_template("data_quality.html", screen=_screen(asked))

    @expose("/<plural>/counts")
    def counts(self, plural: str) -> str:
        """The checks with how many records each finds: a request of its own after the page."""
        asked = _asked(plural)
        known = doubts.checks_of(asked.entity)
        counts = doubts.counts(asked.entity, known, asked.conditions)
        return render_template("parts/checks.html", screen=_checks(asked, known, counts))


def checked() -> list[Entity]:
    """The kinds of records that have checks and that the reader may list."""
    may = actor().rights.may
    return [entity for entity in catalogue if entity.quality and may(entity.key, "list")]


def _asked(plural: str) -> Asked:
    """What is asked for; 403 before 404 for what is known, 400 for unknown arguments."""
    entity = next((one for one in catalogue if one.plural == plural and one.quality), None)
    if entity is None:
        raise NotFound
    door.demand(entity.key, "list")
    state.only(request.args, {"check", "owner", "page"})
    check, owner = request.args.get("check", ""), request.args.get("owner", "")
    known = {one.key for one in doubts.checks_of(entity)}
    page = state.whole(request.args.get("page"), 1)
    if check not in known | {""} or owner not in {*OWNERS, ""} or page < 1:
        raise BadRequest
    return Asked(entity, check, owner, page)


def _screen(asked: Asked) -> dict[str, Any]:
    known = doubts.checks_of(asked.entity)
    chosen = [check for check in known if asked.check in ("", check.key)]
    policy = doubts.policy_of(asked.entity)
    keys = [asked.entity.title, "owner", *(k for c in chosen for k in c.fields if asked.check)]
    fields = [policy.readable[key] for key in dict.fromkeys(keys) if key in policy.readable]
    start = (asked.page - 1) * SIZE
    found = doubts.page(asked.entity, chosen, asked.conditions, fields, slice(start, start + SIZE))
    lines = rows(policy, [one.row for one in found.records], fields)
    for line, one in zip(lines, found.records, strict=True):
        line["reasons"] = [_reason(asked.entity, check) for check in one.checks]
    return _checks(asked, known, {}) | {
        "title": _("Data quality"),
        "kinds": [
            {"label": str(e.many), "url": f"{QUALITY}{e.plural}", "active": e is asked.entity}
            for e in checked()
        ],
        "entity": {"key": asked.entity.key},
        "columns": [{"key": f.key, "label": str(f.label)} for f in fields],
        "rows": lines,
        "total": f"{found.count:,}" if found.is_exact else f"{COUNT_CAP:,}+",
        "owners": [
            {"label": label, "url": asked.url(owner=key), "active": key == asked.owner}
            for key, label in (("", _("All")), ("me", _("Mine")), ("my_people", _("My people's")))
        ],
        "prev_url": asked.url(page=asked.page - 1) if asked.page > 1 else "",
        "next_url": asked.url(page=asked.page + 1) if len(lines) == SIZE else "",
    }


def _checks(asked: Asked, known: list[Check], counts: dict[str, int]) -> dict[str, Any]:
    return {
        "counts_url": "" if counts else asked.url("/counts"),
        "checks": [
            {"label": _("Everything"), "url": asked.url(check=""), "active": not asked.check},
            *(
                {
                    "key": check.key,
                    "label": _reason(asked.entity, check),
                    "url": asked.url(check=check.key),
                    "active": check.key == asked.check,
                    "count": f"{counts[check.key]:,}" if check.key in counts else None,
                }
                for check in known
            ),
        ],
    }


def _reason(entity: Entity, check: Check) -> str:
    return str(check.label).replace("{field}", str(entity.fields[check.fields[0]].label))
