"""Events for other calendars: a file of one, a secret address of one's own, its page (EVT)."""

from typing import Any

from flask import Response, current_app, flash, render_template, request
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_wtf.csrf import generate_csrf

from app.admin import state
from app.admin.forms import CONTROL
from app.admin.manual import explained
from app.admin.page import Page, expose, go_to, mounted_at
from app.admin.security import throttle
from app.extensions import db
from app.pages.ics import files
from app.spec import clock, words
from app.spec.catalogue import catalogue
from app.spec.errors import BadRequest, NotFound
from app.store import access, door, feeds
from app.store.context import acting_as, actor
from app.store.history import record_event
from app.store.policy import Policy

PLACE, FEED = "/calendar-feed/", "/ics/"
TYPE = "text/calendar; charset=utf-8"


class EventFileView(Page):
    """``/events/ics/<id>``: one event as a file for other calendars."""

    route_base = "/events"
    default_view = "ics"

    @expose("/ics/<int:pk>", methods=["GET"])
    def ics(self, pk: int) -> Response:
        """The file; whoever may read the event may have it."""
        state.only(request.args)
        entity = catalogue.get(files.KEY)
        policy = Policy(actor(), entity, "read")
        record = door.fetch(entity, pk, "read", policy.readable.values())
        if "starts_at" not in policy.plain:
            raise NotFound
        answer = Response(files.one(record, policy, _site()), content_type=TYPE)
        answer.headers["Content-Disposition"] = f'attachment; filename="event-{pk}.ics"'
        return answer


class FeedView(Page):
    """``/ics/<secret>.ics``: somebody's calendar, for whoever knows the address."""

    route_base = "/ics"
    default_view = "feed"

    @expose("/<secret>.ics", methods=["GET"])
    def feed(self, secret: str) -> Response:
        """What the person may see at this moment; NotFound for a secret that is none (any more)."""
        throttle.count_look(secret)
        user_id = feeds.whose(secret)
        if user_id is None:
            raise NotFound
        throttle.forgive_look()
        who = access.load_actor(user_id)
        words.language.set(who.language)
        with clock.in_zone(who.timezone or clock.zone.get()), acting_as(who):
            answer = Response(files.of_reader(_site()), content_type=TYPE)
        answer.headers["Cache-Control"] = "private, no-cache"
        answer.add_etag()
        answer.make_conditional(request)
        return answer


class CalendarFeedView(Page):
    """``/calendar-feed/``: one's own secret address: made, made anew, taken back."""

    route_base = "/calendar-feed"
    default_view = "show"

    @expose("/", methods=["GET", "POST"])
    @explained(
        _l(
            "A secret address by which a telephone or another calendar reads yours: your events, "
            "what you have to do and whom to contact. It is shown once; whoever knows it sees all "
            "of that, until you take it back."
        )
    )
    def show(self) -> str | Response:
        """Whether there is one; POST makes it, which shows it this once, or takes it back."""
        state.only(request.args)
        if request.method == "GET":
            return render_template("calendar_feed.html", screen=_screen())
        state.only(request.form, {*CONTROL, "do"})
        wanted, me = request.form.get("do"), actor()
        if wanted == "make":
            secret = feeds.make(me.user_id)
            record_event("feed_made", subject=me.username)
            db.session.commit()
            return render_template("calendar_feed.html", screen=_screen(secret))
        if wanted != "take_back":
            raise BadRequest
        if feeds.take_back([me.user_id]):
            record_event("feed_taken_back", subject=me.username)
            flash(_("The address leads nowhere any more."), "success")
        db.session.commit()
        return go_to(PLACE)


def _site() -> str:
    """Where this installation is reached: as configured, else as it was asked."""
    given: str = current_app.config["CRM_PUBLIC_URL"]
    return given.rstrip("/") or f"{request.host_url.rstrip('/')}{mounted_at()}"


def _screen(secret: str = "") -> dict[str, Any]:
    made = feeds.made_at(actor().user_id)
    return {
        "action": PLACE,
        "hidden": [("csrf_token", generate_csrf())],
        "made_at": clock.shown(made) if made else "",
        "address": f"{_site()}{FEED}{secret}.ics" if secret else "",
    }
