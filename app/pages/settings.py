"""The settings page (SET-1): business rules by chapter, with search, defaults and history."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from flask import Response, flash, make_response, render_template, request
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_wtf.csrf import generate_csrf

from app.admin import cells, event_words, forms, merging, state
from app.admin.choosing import choices
from app.admin.manual import explained
from app.admin.page import Page, expose, go_to
from app.admin.record.changes import person
from app.extensions import db
from app.operations import editing
from app.pages import workdays
from app.spec import company
from app.spec.catalogue import catalogue
from app.spec.entity import PageRight
from app.spec.errors import Invalid, NotFound, StaleVersion
from app.spec.field import Field
from app.spec.kinds import OptionField
from app.spec.pictures import TYPES, PictureField
from app.spec.roles import SYSTEM_ADMIN, grant
from app.spec.scopes import Scope
from app.spec.settings import CHAPTER_LABELS, Chapter, Setting, declared, value
from app.spec.words import Label
from app.store import door, history, pictures, settings
from app.store.context import actor
from app.store.settings import Clash, Wish

SETTINGS = catalogue.declare_page(
    PageRight(
        key="settings",
        label=Label("Settings", "系统设置"),
        operations=("list", "edit"),
        grants={SYSTEM_ADMIN: grant(Scope.ALL, "list edit")},
        url="/settings/",
        icon="settings",
        menu="settings",
    )
)
SEEN = "seen"
"""The hidden input that says which versions the form was opened with."""
RESET = "reset"
"""The button that takes one setting back to its default, saving the rest of the form along."""
HISTORY_SHOWN = 50


class SettingsView(Page):
    """``/settings/`` and ``/settings/history``."""

    route_base = "/settings"
    default_view = "show"

    @expose("/", methods=["GET", "POST"])
    @explained(
        _l(
            "The rules of this installation. What differs from its default is marked and can be "
            "reset; a change holds from everybody's next click and is kept in the history."
        )
    )
    def show(self) -> Any:
        """All settings, or those that match ``search``; POST saves what its sender changed."""
        door.demand(SETTINGS.key, "list" if request.method == "GET" else "edit")
        state.only(request.args, {"search"})
        if request.method == "GET":
            return render_template("settings.html", screen=_screen(_Form()))
        form = _Form(request.form.get(RESET, ""))
        try:
            changed = settings.save(form.wishes())
        except (Invalid, StaleVersion) as refusal:
            db.session.rollback()
            form.take(refusal)
            return render_template("settings.html", screen=_screen(form)), refusal.status
        db.session.commit()
        flash(_("Saved. It holds from everybody's next click.") if changed else _("No changes."))
        return go_to(_address())

    @expose("/history")
    @explained(_l("Who changed which setting, from what to what, the newest first."))
    def history(self) -> str:
        """Who changed what and when, the newest first (AUDIT-2)."""
        door.demand(SETTINGS.key, "list")
        state.only(request.args)
        entries = history.events("setting_changed", HISTORY_SHOWN)
        return render_template("settings_history.html", screen={"history": _past(entries)})


class LogoView(Page):
    """``/static/logo/<name>``: the company's picture, also for the login page; no other picture."""

    route_base = company.LOGO_PATH
    default_view = "show"

    @expose("/<string:name>")
    def show(self, name: str) -> Response:
        """The bytes as what they were found to be, never run as anything else (C65)."""
        found = pictures.content_of(name) if name == value(company.LOGO) else None
        if found is None:
            raise NotFound
        answer = make_response(found)
        answer.content_type = TYPES[name.rpartition(".")[2]]
        answer.headers["Content-Security-Policy"] = "default-src 'none'; sandbox"
        answer.headers["Cache-Control"] = "public, max-age=31536000, immutable"
        return answer


class _Form:
    """What the page shows and what came back from it: inputs, versions, refusals."""

    def __init__(self, reset: str = "") -> None:
        self.shown = {s.key: s for s in declared() if _matches(s, request.args.get("search", ""))}
        self.seen = {k: v for k, v in settings.versions().items() if k in self.shown}
        self.reset = reset
        self.errors: Mapping[str, Sequence[Any]] = {}
        self.clashes: Sequence[Clash] = ()
        self.original = {key: forms.typed(s.field, value(s)) for key, s in self.shown.items()}
        self.inputs: forms.Raw = dict(self.original)

    def wishes(self) -> list[Wish]:
        """What the sender changed since the form was opened; Invalid names every wrong value."""
        fields = {key: s.field for key, s in self.shown.items()}
        state.only(request.form, {*fields, *forms.CONTROL, SEEN, RESET})
        state.only([self.reset] if self.reset else [], fields)
        opened = merging.opened(request.form)
        self.seen = _versions(request.form.get(SEEN, ""))
        raw = {k: v for k, v in forms.read(request.form, fields).items() if k in self.shown}
        self.inputs |= raw
        changed = merging.changed(fields, raw, opened)
        if self.reset:
            changed[self.reset] = self.inputs[self.reset] = ""
        parsed = {**editing.parse(fields, changed), **_uploaded(fields)}
        return [
            Wish(s, None if parsed[key] == s.default else parsed[key], self.seen.get(key, 0))
            for key, s in self.shown.items()
            if key in parsed
        ]

    def take(self, refusal: Invalid | StaleVersion) -> None:
        """Keep what was typed; after a conflict the next save knows both values."""
        self.errors = refusal.fields
        if isinstance(refusal, StaleVersion):
            self.clashes = refusal.conflicts
            self.original |= {c.setting.key: _typed(c.setting, c.theirs) for c in self.clashes}
            self.seen = {**self.seen, **{c.setting.key: c.version for c in self.clashes}}


def _matches(setting: Setting[Any], words: str) -> bool:
    field = setting.field
    texts = [setting.key, field.label.zh, field.label.en]
    texts += [field.help.zh, field.help.en] if field.help else []
    return words.strip().casefold() in " ".join(texts).casefold()


def _versions(text: str) -> dict[str, int]:
    """``key:version`` pairs as the hidden input carries them."""
    pairs = (pair.partition(":") for pair in text.split())
    return {key: state.whole(version, 0) for key, _colon, version in pairs}


def _uploaded(fields: Mapping[str, Field]) -> dict[str, str]:
    """The pictures that came along, kept under their names; Invalid for what is none."""
    found = {}
    for key in request.files:
        upload = request.files[key]
        if not isinstance(fields.get(key), PictureField):
            state.only([key])
        if not upload.filename:
            continue
        try:
            found[key] = pictures.keep(upload.read())
        except ValueError as error:
            raise Invalid(fields={key: [error.args[0]]}) from error
    return found


def _typed(setting: Setting[Any], stored: Any) -> Any:
    return forms.typed(setting.field, setting.default if stored is None else stored)


def _address() -> str:
    words = state.ListState(SETTINGS.url, search=request.args.get("search", ""))
    return words.url()


def _screen(form: _Form) -> dict[str, Any]:
    seen = " ".join(f"{key}:{version}" for key, version in form.seen.items())
    return {
        "title": str(SETTINGS.label),
        "editable": actor().rights.may(SETTINGS.key, "edit"),
        "search": request.args.get("search", ""),
        "action": _address(),
        "hidden": [
            ("csrf_token", generate_csrf()),
            (SEEN, seen),
            (merging.ORIGINAL, merging.sealed(form.original)),
        ],
        "errors": [str(Invalid.sentence)] if form.errors else [],
        "conflict": [_compared(clash, form) for clash in form.clashes],
        "chapters": list(_chapters(form)),
    }


def _chapters(form: _Form) -> Iterator[dict[str, Any]]:
    for chapter in Chapter:
        of_it = [s for s in form.shown.values() if s.chapter is chapter]
        if of_it:
            rows = [_row(setting, form) for setting in of_it]
            outlook = workdays.outlook() if chapter is Chapter.CALENDAR else None
            label = str(CHAPTER_LABELS[chapter])
            yield {"key": str(chapter), "label": label, "rows": rows, "outlook": outlook}


def _row(setting: Setting[Any], form: _Form) -> dict[str, Any]:
    field = setting.field
    options = choices(field) if isinstance(field, OptionField) else []
    return {
        "key": setting.key,
        "label": str(field.label),
        "kind": field.kind,
        "required": False,
        "help": str(field.help) if field.help else "",
        "value": form.inputs.get(setting.key),
        "errors": [str(error) for error in form.errors.get(setting.key, ())],
        "options": options,
        "max_length": getattr(field, "max_length", None),
        "default": field.to_text(setting.default),
        "is_set": value(setting) != setting.default,
        "url": company.logo() if isinstance(field, PictureField) else "",
    }


def _compared(clash: Clash, form: _Form) -> dict[str, Any]:
    field = clash.setting.field
    default = clash.setting.default
    return {
        "key": field.key,
        "label": str(field.label),
        "mine": field.to_text(default if clash.mine is None else clash.mine),
        "theirs": field.to_text(default if clash.theirs is None else clash.theirs),
        "original": _meant(field, merging.opened(request.form).get(field.key, "")),
    }


def _meant(field: Field, typed: Any) -> str:
    """What an input had held, as text; as it was typed when it is not understood."""
    try:
        return field.to_text(field.parse(typed))
    except ValueError:
        return str(typed)


def _past(entries: Sequence[history.History]) -> list[dict[str, Any]]:
    return [
        {
            "when": cells.moment(entry.at),
            "who": person(entry.actor),
            "operation": "",
            "changes": event_words.told(entry),
        }
        for entry in entries
    ]
