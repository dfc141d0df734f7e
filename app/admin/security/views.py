"""The pages of one's own account: log in, log out, language, password, sessions — and health.

They work with plain forms; what they check is in the modules beside this one.
"""

from datetime import datetime
from typing import Any

from flask import abort, current_app, flash, redirect, render_template, request, session
from flask_appbuilder import BaseView, expose
from flask_babel import format_datetime
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_wtf.csrf import generate_csrf
from werkzeug.wrappers import Response

from app.admin.manual import explained
from app.admin.security import csrf, devices, login, passwords, sessions
from app.admin.security.paths import after_login, same_site
from app.admin.security.readiness import unready
from app.admin.security.requests import CHANGE_PAGE, LOGIN_PAGE
from app.extensions import db
from app.spec import clock, settings, words
from app.spec.errors import BadRequest, NotFound, Throttled
from app.store import accounts
from app.store.accounts import TOKEN, Login
from app.store.context import system_scope
from app.store.history import record_event

Answer = Response | str | tuple[Any, ...]
LEFT = "left"
"""In the cookie of whoever has just logged out: the login page says so, once."""
PASSWORD_FIELDS = ("current_password", "new_password", "new_password_again")


class LoginView(BaseView):
    """Where one says who one is; leads on to where one wanted to go (C14)."""

    route_base = "/login"
    default_view = "login"

    @expose("/", methods=["GET", "POST"])
    def login(self) -> Answer:
        wanted = after_login(request.values.get("next"))
        if request.method == "POST":
            return self._try(wanted)
        if sessions.current() is not None:
            return _to(wanted or "/")
        return self._form(wanted)

    def _try(self, wanted: str | None) -> Answer:
        username = request.form.get("username", "")
        try:
            csrf.check()
            person = login.check(username, request.form.get("password", ""))
        except BadRequest as refusal:
            return self._form(wanted, username, str(refusal)), 400
        except Throttled as refusal:
            return self._form(wanted, username, str(refusal)), 429, dict(refusal.headers)
        if person is None:
            return self._form(wanted, username, _("Username or password is wrong.")), 401
        sessions.begin_page(person)
        return _to(wanted or "/")

    def _form(self, wanted: str | None, username: str = "", error: str = "") -> str:
        screen = {
            "title": _("Log in"),
            "action": LOGIN_PAGE,
            "hidden": _hidden(),
            "errors": [error] if error else [],
            "note": "" if error else _ended(),
            "username": username[: login.LONGEST_NAME],
            "next": wanted or "",
        }
        return render_template("login.html", screen=screen, me=None)


def _ended() -> str:
    """What became of the session that this browser had; empty when it had none."""
    if session.pop(LEFT, False):
        return _("You are logged out.")
    return _("Your session has ended. Please log in again.") if sessions.is_over() else ""


class LogoutView(BaseView):
    """POST ends the session; GET only shows the button, so no link can log anybody out."""

    route_base = "/logout"
    default_view = "logout"

    @expose("/", methods=["GET", "POST"])
    def logout(self) -> Answer:
        if request.method == "POST":
            sessions.end_current()
            session[LEFT] = True
            return _to(LOGIN_PAGE)
        screen = {
            "title": _("Log out"),
            "text": _("Log out on this device? Access tokens of your programs end as well."),
            "action": "/logout/",
            "hidden": _hidden(),
            "cancel_url": "/",
            "danger": False,
            "button": _("Log out"),
        }
        return render_template("confirm.html", screen=screen)


class LanguageView(BaseView):
    """中文 or English: GET for this session, POST also for good (UI-8)."""

    route_base = "/lang"
    default_view = "switch"

    @expose("/<string:language>", methods=["GET", "POST"])
    def switch(self, language: str) -> Answer:
        if language not in words.LANGUAGES:
            raise NotFound
        session["language"] = language
        person = sessions.current()
        if request.method == "POST" and person is not None:
            with system_scope("a person's own language"):
                accounts.set_language(person.user_id, language)
                db.session.commit()
        return _to(same_site(request.values.get("next")) or same_site(request.referrer) or "/")


class PasswordView(BaseView):
    """Changing one's own password: the present one is asked, all other sessions end (C6, C9)."""

    route_base = "/account/password"
    default_view = "change"

    @expose("/", methods=["GET", "POST"])
    @explained(_l("A new password ends all your other sessions."))
    def change(self) -> Answer:
        person = _me()
        if request.method != "POST":
            return self._form(person, [])
        present, wanted, repeated = (request.form.get(name, "") for name in PASSWORD_FIELDS)
        try:
            is_known = login.confirm(person.username, present)
        except Throttled as refusal:
            return self._form(person, [str(refusal)]), 429, dict(refusal.headers)
        errors = [] if is_known else [_("The current password is wrong.")]
        errors = errors or _objections(person, present, wanted, repeated)
        if errors:
            return self._form(person, errors), 422
        change_password(person, wanted)
        flash(_("Your password is changed. All your other sessions have ended."), "success")
        return _to("/")

    def _form(self, person: Login, errors: list[str]) -> str:
        screen = {
            "title": _("Change password"),
            "action": CHANGE_PAGE,
            "hidden": _hidden(),
            "errors": errors,
            "forced": person.must_change_password,
            "username": person.username,
            "shortest": settings.value(passwords.SHORTEST),
            "longest": passwords.LONGEST,
        }
        return render_template("password.html", screen=screen)


class SessionsView(BaseView):
    """Where one is logged in, and ending it (R11)."""

    route_base = "/account/sessions"
    default_view = "list"

    @expose("/", methods=["GET", "POST"])
    @explained(_l("Every device that is logged in as you; each can be logged out from here."))
    def list(self) -> Answer:
        person = _me()
        if request.method == "POST":
            return self._end(person)
        config = current_app.config
        rows = accounts.living_logins(
            person.user_id, config["CRM_SESSION_IDLE"], config["CRM_SESSION_ABSOLUTE"]
        )
        screen = {
            "title": _("My sessions"),
            "rows": [_session_row(row, person) for row in rows],
            "action": "/account/sessions/",
            "hidden": _hidden(),
        }
        return render_template("sessions.html", screen=screen)

    def _end(self, person: Login) -> Answer:
        """End one of one's own sessions by ``id``, or with ``others`` all but this one."""
        number = request.form.get("id", "")
        if request.form.get("others") == "1":
            accounts.end_logins(person.user_id, sparing=person.id)
        elif not number.isascii() or not number.isdigit() or len(number) > 9:
            raise BadRequest
        elif int(number) == person.id:
            sessions.end_current()
            return _to(LOGIN_PAGE)
        elif not accounts.end_logins(person.user_id, only=int(number)):
            raise NotFound
        record_event("session_ended", subject=person.username)
        db.session.commit()
        flash(_("The session has ended."), "success")
        return _to("/account/sessions/")


class HealthView(BaseView):
    """For machines: does the process answer, and can it serve."""

    route_base = ""
    default_view = "healthz"

    @expose("/healthz")
    def healthz(self) -> Answer:
        return {"status": "ok"}, 200

    @expose("/readyz")
    def readyz(self) -> Answer:
        reason = unready()
        if reason is None:
            return {"status": "ready"}, 200
        return {"status": "not_ready", "reason": reason}, 503, {"Retry-After": "5"}


def change_password(person: Login, wanted: str) -> None:
    """Give somebody logged in a new password of his own; this device goes on in a new session."""
    stored = passwords.hashed(wanted)
    accounts.set_password([person.user_id], stored, must_change=False)
    record_event("password_changed", subject=person.username)
    db.session.commit()
    fresh = accounts.find_credentials(person.username)
    if fresh is not None:
        sessions.begin_page(fresh)


def _objections(person: Login, present: str, wanted: str, repeated: str) -> list[str]:
    if wanted != repeated:
        return [_("The two new passwords are not the same.")]
    if wanted == present:
        return [_("The new password must differ from the current one.")]
    names = (person.username, person.name, person.name_en)
    return [str(reason) for reason in passwords.objections(wanted, names)]


def _session_row(row: accounts.UserSession, person: Login) -> dict[str, Any]:
    device = devices.device(row.agent) or _("Unknown device")
    return {
        "id": row.id,
        "created": _moment(row.created_at),
        "last_seen": _moment(row.last_seen_at),
        "ip": row.ip,
        "agent": _("Access token: %(device)s", device=device) if row.kind == TOKEN else device,
        "current": row.id == person.id,
    }


def _moment(instant: datetime) -> str:
    """On the reader's clock, in the reader's words."""
    text: str = format_datetime(clock.local(instant), "medium", rebase=False)
    return text


def _me() -> Login:
    """Who is logged in; the door has let nobody else through."""
    person = sessions.current()
    if person is None:
        abort(401)
    return person


def _hidden() -> list[tuple[str, str]]:
    return [("csrf_token", generate_csrf())]


def _to(path: str) -> Response:
    return redirect(f"{request.script_root}{path}")
