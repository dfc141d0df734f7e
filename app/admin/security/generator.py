"""The generator with none of its own pages: no stock language, menu, back or documentation page."""

from functools import lru_cache
from typing import Any

from babel.support import NullTranslations
from flask import current_app
from flask_appbuilder import AppBuilder
from flask_babel import force_locale, get_translations
from jinja2 import Environment
from markupsafe import Markup

from app.spec import clock, words
from app.spec.plurals import Grouped


class Generator(AppBuilder):
    """Registers the home page and our account pages; everything else is registered by us.

    Words and times follow the reader as the door has found him, not the generator's own cookie
    entry (which it would write into every session).
    """

    def _add_admin_views(self) -> None:
        babel = current_app.extensions["babel"]
        babel.locale_selector = words.language.get
        babel.timezone_selector = clock.zone.get
        _speak(current_app.jinja_env)
        self._indexview = self.add_view_no_menu(self.indexview)
        self.sm.register_views()


def _speak(environment: Environment) -> None:
    """Let templates find the reader's sentences by his language.

    The generator's way looks for the catalogue anew with every sentence, a hundred times a page,
    and makes markup of it each time.
    """
    environment.install_gettext_callables(  # type: ignore[attr-defined]
        gettext=lambda one: _catalogue(words.language.get()).gettext(one),
        ngettext=lambda one, many, n: _catalogue(words.language.get()).ngettext(one, many, n),
        newstyle=True,
    )
    environment.globals["_"] = _sentence
    environment.globals["ngettext"] = _plural


def _sentence(message: str, **values: Any) -> Markup:
    """A sentence in the reader's language, with its values escaped."""
    language = words.language.get()
    return _frame(language, message) % values if values else _whole(language, message)


def _plural(one: str, many: str, number: int, **values: Any) -> Markup:
    """The form of a sentence that suits the number, which is told in groups of three digits."""
    frame = Markup(_catalogue(words.language.get()).ngettext(one, many, number))  # noqa: S704 - ours
    return frame % {"num": Grouped(number), **values}


@lru_cache(maxsize=4_000)
def _frame(language: str, message: str) -> Markup:
    return Markup(_catalogue(language).gettext(message))  # noqa: S704 - ours, from the catalogue


@lru_cache(maxsize=4_000)
def _whole(language: str, message: str) -> Markup:
    return _frame(language, message) % {}


@lru_cache(maxsize=len(words.LANGUAGES))
def _catalogue(language: str) -> NullTranslations:
    """The sentences of a language, as they are when the process first speaks it."""
    with force_locale(language):
        return get_translations()
