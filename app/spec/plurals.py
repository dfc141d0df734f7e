"""Sentences with a number in them, in the reader's language."""

from typing import Any

import flask_babel


class Grouped(int):
    """A number that is written with its thousands apart."""

    def __str__(self) -> str:
        return f"{int(self):,}"


def ngettext(singular: str, plural: str, num: int, **named: Any) -> str:
    """The sentence for so many; its ``%(num)s`` reads as in lists: 8,501 (UI-8)."""
    return str(flask_babel.ngettext(singular, plural, Grouped(num), **named))


def lazy_ngettext(singular: str, plural: str, num: int, **named: Any) -> flask_babel.LazyString:
    """The same, said when it is read."""
    return flask_babel.LazyString(ngettext, singular, plural, num, **named)
