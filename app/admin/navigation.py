"""The left navigation: what somebody may list; an entry comes with its feature (UI-1)."""

from dataclasses import dataclass
from typing import Any

from flask_babel import gettext as _

from app.spec.catalogue import catalogue
from app.spec.words import Label
from app.store.context import Actor

GROUPS: tuple[tuple[str, Label], ...] = (
    ("workbench", Label("Workbench", "工作台")),
    ("customers", Label("Leads & customers", "线索与客户")),
    ("sales", Label("Sales", "销售")),
    ("finance", Label("Finance", "财务")),
    ("marketing", Label("Marketing", "市场")),
    ("service", Label("Service", "服务")),
    ("reports", Label("Reports", "报表")),
    ("organisation", Label("Organisation", "组织")),
    ("settings", Label("Settings", "设置")),
)


@dataclass(frozen=True)
class Item:
    """One entry: where it leads, and where its "new" leads when that is granted."""

    label: str
    url: str
    icon: str
    active: bool
    one: str = ""
    create_url: str = ""


@dataclass(frozen=True)
class Group:
    label: str
    items: tuple[Item, ...]


def groups(who: Actor, path: str) -> list[Group]:
    """The groups that have something in them for this person."""
    found = []
    for key, label in GROUPS:
        items = [*_own_pages(key, who, path), *_entities(key, who, path)]
        if items:
            found.append(Group(str(label), tuple(items)))
    return found


def _entities(group: str, who: Actor, path: str) -> list[Item]:
    return [
        Item(
            str(entity.many),
            f"/{entity.plural}/list/",
            entity.icon,
            path.startswith(f"/{entity.plural}/"),
            str(entity.one),
            f"/{entity.plural}/add" if who.rights.may(entity.key, "create") else "",
        )
        for entity in catalogue
        if entity.menu == group and who.rights.may(entity.key, "list")
    ]


def _own_pages(group: str, who: Actor, path: str) -> list[Item]:
    """Pages that no entity brings: home, and the permission matrix for those who may see it."""
    pages: dict[str, list[Any]] = {
        "workbench": [Item(_("Home"), "/", "home", path == "/")],
        "organisation": [Item(_("Permissions"), "/matrix/", "lock", path.startswith("/matrix/"))]
        if who.rights.may("matrix", "list")
        else [],
    }
    return pages.get(group, [])
