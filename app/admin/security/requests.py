"""The door every request comes through: who is it, may anybody come here, in which language.

Closed by default: a route that is not listed in ``OPEN`` needs somebody logged in — a page answers
with the way to the login, the API with 401 (contract §1). Whoever is logged in acts for the whole
request: the scope gate, the history and the words read it from here.
"""

from contextlib import ExitStack
from urllib.parse import quote

from flask import Flask, Response, current_app, g, redirect, request, session
from flask_babel import lazy_gettext as _l
from werkzeug.exceptions import SecurityError

from app.admin.security import csrf, sessions, trace
from app.admin.security.login import actor_of
from app.admin.security.paths import after_login
from app.spec import clock, company, words
from app.spec.errors import NotLoggedIn, NotPermitted
from app.store import settings
from app.store.accounts import Login
from app.store.context import Origin, acting_as, origin
from app.store.engine import may_write

OPEN = {
    "LoginView.login": "where one logs in",
    "LanguageView.switch": "the login page has a language switch",
    "HealthView.healthz": "asked by the machine that watches the process",
    "HealthView.readyz": "asked by the machine that spreads the load",
    "TokenApi.login": "where programs log in",
    "TokenApi.refresh": "the refresh token itself is checked",
    "built_asset": "style sheets and scripts of the login page",
    "static": "the same, unbuilt",
    "favicon": "browsers ask for it unasked where an answer is no page of ours",
    "FeedView.feed": "the secret in the address is the proof",
    "LogoView.show": "the company's picture on the login page",
}
"""Routes for people who are not logged in, each with its reason (C17)."""

CREDENTIALS = frozenset({"LoginView.login", "TokenApi.login", "TokenApi.refresh"})
"""Routes that bring their own proof: the form checks its token itself, so that it can be shown
again; the API's take a password or a refresh token and set no cookie."""

STATELESS = frozenset(
    {"HealthView.healthz", "HealthView.readyz", "built_asset", "static", "favicon"}
)
"""Routes that ask nobody's name, so they cost no statement."""

FORCED = frozenset({"PasswordView.change", "LogoutView.logout", "LanguageView.switch", *STATELESS})
"""What somebody may still do who has to change his password first (AUTH)."""

CHANGE_FIRST = _l("Please change your password on the website first.")
LOGIN_PAGE = "/login/"
CHANGE_PAGE = "/account/password/"


def install(app: Flask) -> None:
    """Put the door before and behind every request of the application."""
    app.before_request(come_in)
    app.teardown_request(go_out)


def come_in() -> Response | None:
    """Find out who asks; answer at once when nobody may come here like this."""
    for remembered in ("login", "_login_user", "_flask_babel"):
        g.pop(remembered, None)  # an outer application context may outlive the request
    fault = request.routing_exception
    if isinstance(fault, SecurityError):
        raise fault  # a host name that is not ours (C14)
    may_write.set(request.method not in csrf.SAFE)
    surface = "api" if is_api() else "ui"
    origin.set(Origin(surface, request.remote_addr or "", trace.request_id()))
    if request.endpoint in STATELESS:
        speak(None)
        return None
    login = sessions.current()
    if login is None and request.endpoint in OPEN:
        settings.obey_now()
    who = actor_of(login) if login else None
    speak(login)
    if login is None or who is None:
        return _turn_away() if request.endpoint not in OPEN else None
    g.acting = ExitStack()
    g.acting.enter_context(acting_as(who))
    return _check_in(login)


def go_out(error: BaseException | None) -> None:
    """The request is over: nobody acts any more on this thread."""
    may_write.set(True)
    acting = g.pop("acting", None)
    if acting is not None:
        acting.close()


def is_api() -> bool:
    return request.path.startswith(sessions.API)


def speak(login: Login | None) -> None:
    """Choose the language and the time zone of the answer (UI-8).

    What was chosen in this session, else what the person reads, else what the browser asks for.
    """
    asked = request.accept_languages.best_match(words.LANGUAGES)
    chosen = None if sessions.is_by_token() else session.get("language")
    wanted = chosen or (login.language if login else asked)
    words.language.set(wanted if wanted in words.LANGUAGES else words.LANGUAGES[0])
    clock.zone.set((login.timezone if login else None) or company.time_zone())


def _check_in(login: Login) -> Response | None:
    if request.endpoint not in CREDENTIALS:
        csrf.protect()
    if not login.must_change_password or request.endpoint in FORCED:
        return None
    if is_api():
        raise NotPermitted(CHANGE_FIRST)
    return _go(CHANGE_PAGE)


def _turn_away() -> Response:
    if is_api():
        raise NotLoggedIn
    back = request.full_path.rstrip("?") if request.method in csrf.SAFE else request.referrer
    wanted = after_login(back)
    return _go(f"{LOGIN_PAGE}?next={quote(wanted)}" if wanted else LOGIN_PAGE)


def _go(path: str) -> Response:
    """Send a page there; a part of a page (htmx) takes the whole window along."""
    target = f"{request.script_root}{path}"
    if request.headers.get("HX-Request") == "true":
        return current_app.response_class(status=204, headers={"HX-Redirect": target})
    answer: Response = redirect(target)  # type: ignore[assignment]
    return answer
