"""The home page: for everybody, whatever he may see; its cards load by requests of their own."""

from datetime import date, timedelta
from typing import Any

from flask import render_template, request
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_wtf.csrf import generate_csrf

from app.admin import navigation, state
from app.admin.manual import explained
from app.admin.page import FirstPage, expose
from app.pages.announcements import news
from app.pages.dashboard import layout, lens, people
from app.pages.dashboard.cards import CARDS
from app.pages.dashboard.lens import CHOSEN, CUSTOM, KEPT, KEYS, Lens
from app.pages.first_run import checklist
from app.spec import clock
from app.spec.catalogue import catalogue
from app.spec.entity import MINE
from app.store import figures, preferences
from app.store.context import actor
from app.store.figures import Ask, Rows


class HomeView(FirstPage):
    """``/``: a greeting, and the numbers that the reader may see through his lens (REP-5)."""

    route_base = ""
    default_view = "index"

    @expose("/")
    @explained(
        _l(
            "What is yours and what waits for you, with the numbers of your work. Every number "
            "opens the records behind it; filters on top say whose, when, and compared with what."
        )
    )
    def index(self) -> str:
        """The first page after logging in."""
        state.only(request.args, KEYS)
        kept = preferences.get(KEPT, layout.KEY)
        arranged = layout.stored(kept.get(layout.KEY))
        return render_template("home.html", screen=_screen(_seen(kept.get(KEPT)), arranged))


def _seen(kept: Any) -> Lens:
    """The lens of the address, else the one kept; the default when that one reaches too far now."""
    if not request.args:
        seen = lens.stored(kept)
        return seen if people.are_within(seen) else Lens()
    seen = lens.read(request.args)
    people.check(seen)
    return seen


def _screen(seen: Lens, arranged: layout.Layout) -> dict[str, Any]:
    mine = [key for key in arranged.order if CARDS[key].is_for(seen)]
    shown = [key for key in mine if key not in arranged.hidden]
    has_numbers = bool(mine) or any(card.is_for(Lens()) for card in CARDS.values())
    return {
        "title": _("Home"),
        "greeting": greeting(),
        "entries": _mine() or _entries(),
        "first_run": checklist(),
        "news": news(),
        "lens": _lens(seen) if has_numbers else None,
        "cards": [_card(key, seen) for key in shown],
        "is_charted": any(CARDS[key].is_charted for key in shown),
        "hidden_cards": [_card(key, seen) for key in mine if key in arranged.hidden],
        "layout_url": seen.url("/dashboard/layout"),
        "token": generate_csrf(),
    }


def _card(key: str, seen: Lens) -> dict[str, Any]:
    card, path = CARDS[key], f"/dashboard/cards/{key}"
    return {
        "key": key,
        "label": str(card.label),
        "icon": card.icon,
        "is_wide": card.is_wide,
        "is_charted": card.is_charted,
        "url": seen.url(path),
        "files": [(kind, seen.url(f"{path}/{kind}")) for kind in ("xlsx", "csv")],
    }


def _lens(seen: Lens) -> dict[str, Any]:
    """The filters on top, as chosen."""
    first, after = seen.days
    return {
        "who": [_option(code, text, seen.who) for code, text in lens.WHO.items()],
        "when": [_option(code, text, seen.when) for code, text in lens.WHEN.items()],
        "versus": [_option(code, text, seen.versus) for code, text in lens.VERSUS.items()],
        "days": _spoken(first, after),
        "days_before": _spoken(*seen.days_before),
        "is_custom": seen.when == CUSTOM,
        "is_chosen": seen.who == CHOSEN,
        "from": seen.first.isoformat() if seen.first else first.isoformat(),
        "to": seen.last.isoformat() if seen.last else clock.today().isoformat(),
        "chosen": people.chosen(seen),
        "action": "/dashboard/lens",
    }


def _option(code: str, text: Any, chosen: str) -> dict[str, Any]:
    return {"code": code, "label": str(text), "is_chosen": code == chosen}


def _spoken(first: date, after: date) -> str:
    """A period by its first and last day."""
    last = after - timedelta(days=1)
    return first.isoformat() if first == last else f"{first.isoformat()} – {last.isoformat()}"


def _mine() -> list[dict[str, Any]]:
    """How many records of each kind are one's own, and the way to them."""
    kinds = [(entity, Rows(entity, MINE.filters)) for entity in catalogue if entity.is_owned]
    kinds = [(entity, rows) for entity, rows in kinds if rows.are_readable()]
    found = figures.measure([Ask(rows) for _entity, rows in kinds])
    return [
        {
            "label": _("My %(kind)s", kind=str(entity.many).lower()),
            "url": f"/{entity.plural}/list/?view={MINE.key}",
            "icon": entity.icon,
            "value": figures.whole(parts.values()),
        }
        for (entity, _rows), parts in zip(kinds, found, strict=True)
    ]


def _entries() -> list[dict[str, Any]]:
    """The ways in for somebody who owns nothing: all of his navigation but this page."""
    return [
        {"label": item.label, "url": item.url, "icon": item.icon}
        for group in navigation.groups(actor(), request.path)
        for item in group.items
        if item.url != "/"
    ]


def greeting() -> str:
    """Good morning, afternoon or evening on the reader's clock."""
    hour = clock.local(clock.now()).hour
    if hour < 12:
        return _("Good morning")
    return _("Good afternoon") if hour < 18 else _("Good evening")
