"""To-do lists (TODO): which records wait for somebody, since when, and when that is over.

A tab of a list is a filter of its entity's list, in the same grammar; so what it counts, what it
shows and what is written about it are one. That somebody has dealt with a record without a trace in
it can be said by marking it as handled; the mark holds as long as the time that made the record
qualify, and the person it waits for, stay the same.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from app.spec.conditions import Condition, all_of, any_of, columns_in
from app.spec.errors import DeclarationError
from app.spec.field import Field
from app.spec.words import Label

HANDLED = "handled"
"""The tab that every list has besides: what would wait, were it not marked."""


@dataclass(frozen=True, kw_only=True)
class Tab:
    """A part of a to-do list: the records that meet all the conditions."""

    key: str
    label: Label
    meaning: Label
    """A whole sentence: exactly which records these are."""
    conditions: tuple[Condition, ...]
    waits: bool = True
    """Its records are to be done: counted on the icon, and can be marked as handled."""
    tone: str = ""
    """``late`` or ``today``: how pressing its number looks."""


@dataclass(frozen=True, kw_only=True)
class ToDo:
    """A list of an entity's records that wait for the person responsible for them."""

    key: str
    """One of its kind in the whole program: the word in addresses and stored marks."""
    label: Label
    meaning: Label
    since: str
    """The moment that makes a record qualify: with another one it qualifies anew."""
    tabs: tuple[Tab, ...]
    also_since: str = ""
    """Another such moment: the later of the two counts, and the first where this is empty."""
    person: str = "owner"
    """The field of the person it waits for."""
    shows: tuple[str, ...] = ()
    """The fields that are shown besides the record's name and ``since``."""
    reminds: str = ""
    """The tab whose records their person is reminded of, once each."""
    escalates: str = ""
    """The tab whose records his superior hears of when nothing happens for days."""

    def tab(self, key: str) -> Tab | None:
        """Its tab of that key, that of marked records included; None for an unknown one."""
        return next((tab for tab in self.all_tabs if tab.key == key), None)

    @property
    def waiting(self) -> tuple[Tab, ...]:
        return tuple(tab for tab in self.tabs if tab.waits)

    @property
    def all_tabs(self) -> tuple[Tab, ...]:
        return (*self.tabs, self._handled)

    @property
    def _handled(self) -> Tab:
        """What is marked and would wait otherwise."""
        found = any_of(*(all_of(*tab.conditions) for tab in self.waiting))
        return replace(_HANDLED, conditions=(found,))

    def validate(self, fields: Mapping[str, Field]) -> None:
        """Raise :class:`DeclarationError` for a list that can't be asked for."""
        for part, key, kind in (
            ("since", self.since, "datetime"),
            ("also_since", self.also_since or self.since, "datetime"),
            ("person", self.person, "relation"),
        ):
            if key not in fields or fields[key].kind != kind:
                raise DeclarationError(self.key, part, f"{key} must be a {kind}")
        asked = {*self.shows, *(key for tab in self.tabs for key in columns_in(tab.conditions))}
        if unknown := asked - set(fields):
            raise DeclarationError(self.key, "fields", f"no fields {sorted(unknown)}")
        for problem in self._problems():
            raise DeclarationError(self.key, "tabs", problem)

    def _problems(self) -> Iterator[str]:
        keys = [tab.key for tab in self.all_tabs]
        if len(set(keys)) < len(keys):
            yield "give each tab a key of its own"
        if not self.waiting:
            yield "nothing in it is ever to be done: let one tab wait"
        if not all(tab.conditions for tab in self.tabs):
            yield "a tab without conditions would hold every record"
        if {self.reminds, self.escalates} - {"", *(tab.key for tab in self.waiting)}:
            yield "remind of tabs that wait"


_HANDLED = Tab(
    key=HANDLED,
    label=Label("Handled", "已处理"),
    meaning=Label(
        "What would wait here, had nobody marked it as handled. A mark comes undone by itself when "
        "the time or the person changes.",
        "本应在此待办、但已被标记为已处理的记录。时间或负责人一变，标记自动失效。",
    ),
    conditions=(),
    waits=False,
)
