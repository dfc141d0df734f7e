"""The calendar: month, week, day and list of what is planned, by oneself or one's people (TASK)."""

from typing import Any

from flask import Response, flash, jsonify, render_template, request
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from app.admin import state
from app.admin.manual import explained
from app.admin.page import Page, expose, go_to
from app.extensions import db
from app.operations import moving
from app.pages.calendar import place, screens, telling
from app.spec.errors import BadRequest, NotPermitted, Refusal
from app.store import calendar, preferences
from app.store.calendar_days import Entry, Span

MOST_ASKED = 45
"""Days that the script asks for at once: the six weeks of a month, and some."""
MOVED = frozenset({"csrf_token", "version", "starts", "ends", *place.KEYS})


class CalendarView(Page):
    """``/calendar/``: of records that the reader may list."""

    route_base = "/calendar"
    default_view = "show"

    @expose("/")
    @explained(
        _l(
            "What is planned: tasks due, next contacts and whatever else has a time. Drag an entry "
            "to another day, or open it and say when. Tick what you want to see; whoever has "
            "subordinates may look at theirs."
        )
    )
    def show(self) -> str:
        """The page, with its entries as a plain list that the script draws a calendar over."""
        _demand()
        state.only(request.args, place.KEYS)
        return render_template("calendar.html", screen=screens.page(place.read(request.args)))

    @expose("/entries")
    def entries(self) -> Response:
        """What the script draws between two days, of the kinds that are switched on."""
        _demand()
        state.only(request.args, {"first", "after", *place.KEYS})
        first, after = (place.a_day(request.args.get(key, "")) for key in ("first", "after"))
        if (after - first).days > MOST_ASKED:
            raise BadRequest(_l("A calendar shows 1 to %(n)s days.", n=MOST_ASKED))
        where = place.read(request.args)
        found = screens.found(Span(first, after), where.person)
        return jsonify({"entries": telling.for_script(found, where)})

    @expose("/entry/<key>/<int:number>", methods=["GET", "POST"])
    @explained(_l("What stands at one place of a calendar, and when. Another time moves it."))
    def entry(self, key: str, number: int) -> Any:
        """The facts of one entry; POST moves it to another time, back to the calendar."""
        state.only(request.args, place.KEYS)
        where = place.read(request.args)
        one = calendar.entry(key, number)
        if request.method == "GET":
            return render_template("calendar_entry.html", screen=screens.entry(one, where))
        state.only(request.form, MOVED)
        by_script = request.accept_mimetypes.best == "application/json"
        try:
            version = _move(one)
        except Refusal as refusal:
            db.session.rollback()
            said = _why(refusal)
            if by_script:
                answer = jsonify({"message": said})
                answer.status_code = refusal.status
                return answer
            flash(said, "danger")
            again = screens.entry(calendar.entry(key, number), where)
            return render_template("calendar_entry.html", screen=again), refusal.status
        if by_script:
            return jsonify({"version": version})
        flash(_("Moved: %(title)s", title=one.title), "success")
        return go_to(where.url())

    @expose("/new")
    @explained(_l("What can be planned for an empty place of your calendar."))
    def new(self) -> Any:
        """What an empty day or hour offers to make; straight to the form where it is one thing."""
        _demand()
        state.only(request.args, {"at", *place.KEYS})
        at = place.a_time(request.args.get("at", ""))
        where = place.read(request.args)
        choices = screens.creates(where, at)
        if len(choices) == 1:
            return go_to(choices[0]["url"])
        if not choices:
            raise NotPermitted
        return render_template("calendar_new.html", screen=screens.new(where, at))

    @expose("/kinds", methods=["POST"])
    def kinds(self) -> Response:
        """Which kinds of entry the reader wants to see from now on; kept for him alone."""
        _demand()
        where = place.read(request.form)
        wanted = request.form.getlist("kind")
        known = [kind.key for _entity, kind in calendar.kinds()]
        if set(wanted) - set(known):
            raise BadRequest
        others = [key for key in screens.switched_off() if key not in known]
        preferences.put({screens.OFF: others + [key for key in known if key not in wanted]})
        db.session.commit()
        if request.accept_mimetypes.best == "application/json":
            return Response(status=204)
        return go_to(where.url())


def _demand() -> None:
    """NotPermitted for whoever may list nothing that stands in calendars."""
    if not calendar.kinds():
        raise NotPermitted


def _move(one: Entry) -> int:
    said = request.form
    version = state.whole(said.get("version"), 0)
    moved = moving.move(one, said.get("starts", ""), said.get("ends", ""), version)
    db.session.commit()
    return moved


def _why(refusal: Refusal) -> str:
    """What a refusal says, with what it says of the fields."""
    if refusal.status == 409:
        return _("Somebody else has changed this meanwhile. It stays where it is.")
    return " ".join(str(one) for said in refusal.fields.values() for one in said) or str(refusal)
