"""Choices: a stable code, a name in both languages, a colour.

A :class:`Dictionary` is a list of choices that admins edit (code, zh, en, order, active); what is
declared here are the entries a new installation starts with. A fixed list is a dictionary that is
not editable. Stored values are always codes (domain.md, preamble).
"""

import re
from collections.abc import Mapping
from contextvars import ContextVar
from dataclasses import dataclass

from app.spec.words import Label


@dataclass(frozen=True, slots=True)
class Option:
    """One choice. A retired one stays readable on old records but can't be picked any more."""

    code: str
    label: Label
    colour: str = ""
    is_active: bool = True


COLOURS = (
    *("", "red", "orange", "yellow", "lime", "green", "teal", "cyan", "azure", "blue", "indigo"),
    *("purple", "pink", "secondary"),
)
"""The colours of badges; the empty one is plain text."""
CODE_LENGTH, LABEL_LENGTH = 40, 80
_CODE = re.compile(r"[A-Za-z0-9][A-Za-z0-9_]*")


def code_of(words: str) -> str:
    """A code made of English words: ``Cold visit`` is ``cold_visit``; empty without any letter."""
    return re.sub(r"[^a-z0-9]+", "_", words.casefold()).strip("_")[:CODE_LENGTH]


def is_code(text: str) -> bool:
    """Whether choices may be stored under it."""
    return len(text) <= CODE_LENGTH and _CODE.fullmatch(text) is not None


live: ContextVar[Mapping[str, tuple[Option, ...]] | None] = ContextVar("live", default=None)
"""The stored dictionaries as edited, by dictionary key: set once per request by the store."""


@dataclass(frozen=True, slots=True)
class Dictionary:
    """A named list of choices; ``current()`` gives the edited one when there is one."""

    key: str
    label: Label
    options: tuple[Option, ...]
    is_editable: bool = True

    def current(self) -> tuple[Option, ...]:
        stored = live.get()
        if stored is None or not self.is_editable:
            return self.options
        return stored.get(self.key, self.options)

    def find(self, code: str | None) -> Option | None:
        """The choice of that code, retired ones included; None when there is none."""
        return next((option for option in self.current() if option.code == code), None)

    def text(self, code: str | None) -> str:
        """The reader's word for a stored code; an unknown code is shown as it is."""
        option = self.find(code)
        return str(option.label) if option else (code or "")

    def codes(self) -> tuple[str, ...]:
        """What may be chosen now."""
        return tuple(option.code for option in self.current() if option.is_active)


def option(code: str, en: str, zh: str, colour: str = "") -> Option:
    return Option(code, Label(en, zh), colour)


def fixed(key: str, en: str, zh: str, *options: Option) -> Dictionary:
    """A list that the program itself depends on: nobody edits it."""
    return Dictionary(key, Label(en, zh), options, is_editable=False)


def dictionary(key: str, en: str, zh: str, *options: Option) -> Dictionary:
    return Dictionary(key, Label(en, zh), options)
