"""The dictionaries page: the lists of choices that admins edit (code, zh, en, colour, order)."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from flask import Response, flash, render_template, request
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_wtf.csrf import generate_csrf
from werkzeug.datastructures import MultiDict

from app.admin import forms, state
from app.admin.manual import explained
from app.admin.page import Page, expose, go_to
from app.extensions import db
from app.spec import text
from app.spec.catalogue import catalogue
from app.spec.entity import PageRight
from app.spec.errors import BadRequest, Conflict, Invalid, StaleVersion
from app.spec.options import COLOURS, LABEL_LENGTH, Dictionary, Option, code_of, is_code
from app.spec.plurals import ngettext
from app.spec.roles import SYSTEM_ADMIN, grant
from app.spec.scopes import Scope
from app.spec.words import Label, listed
from app.store import dictionaries, door
from app.store.context import actor
from app.store.dictionaries import Clash

DICTIONARIES = catalogue.declare_page(
    PageRight(
        key="dictionaries",
        label=Label("Dictionaries", "数据字典"),
        operations=("list", "edit"),
        grants={SYSTEM_ADMIN: grant(Scope.ALL, "list edit")},
        url="/dictionaries/",
        icon="list-details",
        menu="settings",
    )
)
PARTS = ("zh", "en", "colour", "active", "position", "delete")
"""What a row of the form says of its code, as ``part:code``."""
NEW = ("new_code", "new_zh", "new_en", "new_colour")
COLOUR_LABELS = {
    "": Label("None", "无"),
    "red": Label("Red", "红"),
    "orange": Label("Orange", "橙"),
    "yellow": Label("Yellow", "黄"),
    "lime": Label("Lime", "青柠"),
    "green": Label("Green", "绿"),
    "teal": Label("Teal", "蓝绿"),
    "cyan": Label("Cyan", "青"),
    "azure": Label("Azure", "天蓝"),
    "blue": Label("Blue", "蓝"),
    "indigo": Label("Indigo", "靛"),
    "purple": Label("Purple", "紫"),
    "pink": Label("Pink", "粉"),
    "secondary": Label("Grey", "灰"),
}


class DictionariesView(Page):
    """``/dictionaries/`` and ``/dictionaries/<key>``."""

    route_base = "/dictionaries"
    default_view = "index"

    @expose("/")
    @explained(_l("The lists of choices that forms and filters offer, and where each is used."))
    def index(self) -> str:
        """All dictionaries with what they are for."""
        door.demand(DICTIONARIES.key, "list")
        state.only(request.args)
        rows = [_card(words) for words in dictionaries.declared()]
        return render_template("dictionaries.html", screen={"rows": rows})

    @expose("/<string:key>", methods=["GET", "POST"])
    @explained(
        _l(
            "Rename, colour and order the values, add new ones, and switch off those that nobody "
            "should choose any more. Records keep what they have."
        )
    )
    def edit(self, key: str) -> Any:
        """The values of one; POST saves them all in the order that was sent."""
        door.demand(DICTIONARIES.key, "list" if request.method == "GET" else "edit")
        words = dictionaries.get(key)
        state.only(request.args)
        if request.method == "GET":
            return render_template("dictionary.html", screen=_screen(words, words.current()))
        return _save(words)


def _save(words: Dictionary) -> Response | tuple[str, int]:
    original = _original(words)
    rows = _rows(request.form, original)
    try:
        mine = _checked(rows)
        changed = dictionaries.save(words, original, mine)
    except (Invalid, Conflict) as refusal:
        db.session.rollback()
        return render_template("dictionary.html", screen=_again(words, rows, refusal)), (
            refusal.status
        )
    db.session.commit()
    flash(_("Saved. It holds from everybody's next click.") if changed else _("No changes."))
    return go_to(f"/dictionaries/{words.key}")


def _original(words: Dictionary) -> list[Option]:
    """The choices as the form was opened with; BadRequest for what no form of ours sends."""
    found = state.decoded(request.form.get("original") or "[]")
    try:
        rows = [(code, zh, en, colour, bool(on)) for code, zh, en, colour, on in found]
    except (TypeError, ValueError):
        raise BadRequest from None
    if not all(isinstance(word, str) for *words, _on in rows for word in words):
        raise BadRequest
    if not {colour for _code, _zh, _en, colour, _on in rows} <= set(COLOURS):
        raise BadRequest
    return [Option(code, Label(en, zh), colour, on) for code, zh, en, colour, on in rows]


def _rows(form: MultiDict[str, str], original: Sequence[Option]) -> list[dict[str, str]]:
    """The rows of the form in their order, without the deleted ones; the new one last."""
    codes = [option.code for option in original]
    state.only(form, {*forms.CONTROL, *NEW, *(f"{p}:{c}" for c in codes for p in PARTS)})
    rows = [{"code": c} | {p: form.get(f"{p}:{c}", "") for p in PARTS} for c in codes]
    rows = [row for row in rows if not row["delete"]]
    rows.sort(key=lambda row: state.whole(row["position"], 0))
    new = {name.removeprefix("new_"): form.get(name, "") for name in NEW}
    if any(new[part].strip() for part in ("code", "zh", "en")):
        code = new["code"].strip() or code_of(new["en"])
        rows.append({**new, "code": code, "active": "1", "is_new": "1"})
    return rows


def _checked(rows: Sequence[Mapping[str, str]]) -> list[Option]:
    """The rows as choices; Invalid names what is missing, twice there or no code."""
    wrong: dict[str, list[Any]] = {}
    seen: dict[str, set[str]] = {"code": set(), "zh": set(), "en": set()}
    found = []
    for row in rows:
        names = {part: _cleaned(row[part]) for part in ("zh", "en")}
        for part, value in {"code": row["code"], **names}.items():
            objection = _objection(part, value, seen[part], row)
            if objection is not None:
                wrong[f"{part}:{row['code']}"] = [objection]
            seen[part].add(value or "")
        colour = row["colour"] if row["colour"] in COLOURS else ""
        zh, en = names["zh"], names["en"]
        if zh and en:
            label = Label(en, zh)
            found.append(Option(row["code"], label, colour, bool(row["active"])))
    if found and not any(option.is_active for option in found):
        wrong["rows"] = [_l("Keep at least one value active.")]
    if wrong:
        raise Invalid(fields=wrong)
    return found


def _cleaned(typed: str) -> str | None:
    """The words as they are stored; None for what is no text."""
    try:
        return text.clean(typed)
    except ValueError:
        return None


def _objection(part: str, value: str | None, seen: set[str], row: Mapping[str, str]) -> Any:
    if value is None:
        return text.CONTROL_CHARACTER
    if not value:
        return _l("This field is required.")
    if value in seen:
        return _l("This already exists.")
    if part == "code" and row.get("is_new") and not is_code(value):
        return _l("A code has up to 40 letters, digits and underscores.")
    if len(value) > LABEL_LENGTH:
        return _l("At most %(n)s characters.", n=LABEL_LENGTH)
    return None


def _card(words: Dictionary) -> dict[str, Any]:
    choices = words.current()
    places = {str(entity.many): None for entity, _f in dictionaries.users_of(words.key)}
    retired = sum(not option.is_active for option in choices)
    return {
        "label": str(words.label),
        "url": f"/dictionaries/{words.key}",
        "where": listed(places),
        "count": len(choices) - retired,
        "retired": retired,
        "sample": listed(str(option.label) for option in choices[:4] if option.is_active),
    }


def _screen(words: Dictionary, choices: Sequence[Option]) -> dict[str, Any]:
    used, built_in = dictionaries.usage(words.key), {option.code for option in words.options}
    return {
        "title": str(words.label),
        "editable": actor().rights.may(DICTIONARIES.key, "edit"),
        "action": f"/dictionaries/{words.key}",
        "where": listed(
            f"{entity.many} · {field.label}" for entity, field in dictionaries.users_of(words.key)
        ),
        "longest": LABEL_LENGTH,
        "colours": [{"code": code, "label": str(COLOUR_LABELS[code])} for code in COLOURS],
        "hidden": [("csrf_token", generate_csrf()), ("original", _sealed(choices))],
        "errors": [],
        "conflict": [],
        "new": dict.fromkeys(NEW, ""),
        "new_errors": {},
        "rows": [
            {
                **_inputs(option),
                "used": _used(used[option.code]),
                "deletable": option.code not in built_in and not used[option.code],
                "errors": {},
            }
            for option in choices
        ],
    }


def _used(n: int) -> str:
    return ngettext("%(num)s record", "%(num)s records", n) if n else ""


def _inputs(option: Option) -> dict[str, Any]:
    return {
        "code": option.code,
        "zh": option.label.zh,
        "en": option.label.en,
        "colour": option.colour,
        "active": option.is_active,
    }


def _sealed(choices: Sequence[Option]) -> str:
    rows = [[o.code, o.label.zh, o.label.en, o.colour, int(o.is_active)] for o in choices]
    return json.dumps(rows, ensure_ascii=False, separators=(",", ":"))


def _again(words: Dictionary, rows: Sequence[Mapping[str, str]], refusal: Any) -> dict[str, Any]:
    """The page once more with what was typed; after a conflict the next save knows both sides."""
    now = dictionaries.load().get(words.key, ())
    is_stale = isinstance(refusal, StaleVersion)
    start = now if is_stale else _original(words)
    screen = _screen(words, start)
    typed = {row["code"]: row for row in rows}
    for row in screen["rows"]:
        mine = typed.get(row["code"], {})
        row |= {part: mine[part] for part in ("zh", "en", "colour", "active") if part in mine}
        row["errors"] = _errors(refusal, row["code"])
    added = next((row for row in rows if row.get("is_new")), None)
    if added is not None:
        screen["new"] = {f"new_{part}": added[part] for part in ("code", "zh", "en", "colour")}
        screen["new_errors"] = _errors(refusal, added["code"])
    screen["errors"] = [str(refusal), *map(str, refusal.fields.get("rows", ()))]
    if is_stale:
        screen["errors"] = []
        screen["conflict"] = [_compared(clash) for clash in refusal.conflicts]
    return screen


def _errors(refusal: Any, code: str) -> dict[str, str]:
    found = {part: refusal.fields.get(f"{part}:{code}") for part in ("code", "zh", "en")}
    return {part: str(said[0]) for part, said in found.items() if said}


def _compared(clash: Clash) -> dict[str, str]:
    if not clash.code:
        order = {"mine": _("your order"), "theirs": _("another order"), "original": ""}
        return {"key": "order", "label": _("Order"), **order}
    sides = {"mine": clash.mine, "theirs": clash.theirs, "original": clash.original}
    shown = {side: _described(option) for side, option in sides.items()}
    return {"key": clash.code, "label": clash.code, **shown}


def _described(option: Option | None) -> str:
    if option is None:
        return _("not there")
    active = _("Active") if option.is_active else _("Retired")
    colour = str(COLOUR_LABELS[option.colour])
    return f"{option.label.zh} / {option.label.en} · {colour} · {active}"
