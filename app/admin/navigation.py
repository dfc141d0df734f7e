"""The left navigation: what somebody may list; an entry comes with its feature (UI-1)."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

from flask_babel import gettext as _

from app.admin.state import BIN
from app.spec.catalogue import catalogue
from app.spec.menu import GROUPS
from app.store import bin as recycle_bin
from app.store.context import Actor

TO_DOS = "/to-dos/"
"""A page that stands open to whoever may list records that to-do lists are about (TODO)."""
CALENDAR = "/calendar/"
"""A page that stands open to whoever may list records that stand in calendars (TASK)."""
CHANGED_HANDS = "/changed-hands/"
"""A page that stands open to whoever leads people (XFER)."""
QUALITY = "/data-quality/"
"""A page that stands open to whoever may list what it is about (CUS-9)."""


@dataclass(frozen=True)
class Item:
    """One entry: where it leads, and where its "new" leads when that is granted."""

    label: str
    url: str
    icon: str
    active: bool
    one: str = ""
    create_url: str = ""
    rank: int = 100

    @property
    def letter(self) -> str:
        """The key that leads there after ``g`` (UI-14); empty when all its letters are taken."""
        return letters().get(self.url, "")


@dataclass(frozen=True)
class Group:
    key: str
    label: str
    items: tuple[Item, ...]


@cache
def letters() -> dict[str, str]:
    """A letter for each page, the same for everybody: the first of its address that is free."""
    found = {"/": "h"}
    urls = [f"/{entity.plural}/list/" for entity in catalogue]
    places = (TO_DOS, QUALITY, BIN, CALENDAR, CHANGED_HANDS)
    for url in (*urls, *places, *(page.url for page in catalogue.pages.values())):
        taken = found.values()
        letter = next((sign for sign in url if sign.isalpha() and sign not in taken), "")
        found |= {url: letter} if letter else {}
    return found


def has_to_dos(who: Actor) -> bool:
    """Whether there is a to-do list of records that he may list."""
    return any(who.rights.may(entity.key, "list") for entity, _one in catalogue.to_dos())


def has_calendar(who: Actor) -> bool:
    """Whether records that he may list stand in calendars."""
    return any(who.rights.may(entity.key, "list") for entity, _kind in catalogue.calendar())


def leads_people(who: Actor) -> bool:
    """Whether there are people whose records are his business too."""
    return bool(who.rights.people) or who.rights.is_super


def groups(who: Actor, path: str) -> list[Group]:
    """The groups that have something in them for this person."""
    found = []
    for key, label in GROUPS.items():
        items = [*_own_pages(key, who, path), *_entities(key, who, path)]
        if items:
            items.sort(key=lambda item: item.rank)
            found.append(Group(key, str(label), tuple(items)))
    return found


def _entities(group: str, who: Actor, path: str) -> list[Item]:
    """Kinds of records; one that has a page for its readers is reached from there."""
    opened = tuple(page.url for page in catalogue.open_pages)
    return [
        Item(
            str(entity.many),
            f"/{entity.plural}/list/",
            entity.icon,
            path.startswith(f"/{entity.plural}/") and not path.startswith(opened),
            str(entity.one),
            f"/{entity.plural}/add" if who.rights.may(entity.key, "create") else "",
            entity.rank,
        )
        for entity in catalogue
        if entity.menu == group
        and f"/{entity.plural}/" not in opened
        and who.rights.may(entity.key, "list")
    ]


def _own_pages(group: str, who: Actor, path: str) -> list[Item]:
    """Home, and the declared pages that no entity brings, for those who may see them."""
    found = [
        Item(str(page.label), page.url, page.icon, path.startswith(page.url), rank=page.rank)
        for page in catalogue.open_pages
        if page.menu == group and (page.needs is None or who.rights.may(*page.needs))
    ]
    if group == "workbench":
        found += _workbench(who, path)
    return found + [
        Item(str(page.label), page.url, page.icon, path.startswith(page.url))
        for page in catalogue.pages.values()
        if page.menu == group and who.rights.may(page.key, "list")
    ]


def _workbench(who: Actor, path: str) -> Iterator[Item]:
    """What follows from several kinds of records, for whoever may list one of them."""
    has_quality = any(e.quality and who.rights.may(e.key, "list") for e in catalogue)
    yield Item(_("Home"), "/", "home", path == "/", rank=0)
    for is_there, label, url, icon, rank in (
        (has_to_dos(who), _("To-dos"), TO_DOS, "checklist", 1),
        (has_calendar(who), _("Calendar"), CALENDAR, "calendar", 2),
        (leads_people(who), _("What changed hands"), CHANGED_HANDS, "arrows-exchange", 97),
        (has_quality, _("Data quality"), QUALITY, "checkbox", 98),
        (recycle_bin.kinds(who.rights), _("Recycle bin"), BIN, "recycle", 99),
    ):
        if is_there:
            yield Item(label, url, icon, path.startswith(url), rank=rank)
