"""Business rules that an installation may set (SET-1), each declared beside the code that obeys it.

A setting is a field with a default: its kind checks what an admin enters, its label and help stand
on the settings page. What is deployment (addresses, keys, hosts, sizes) comes from the environment.
"""

from collections.abc import Iterator, Mapping
from contextvars import ContextVar
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Any, Generic, TypeVar

from app.spec.errors import DeclarationError
from app.spec.field import Field
from app.spec.words import Label

Value = TypeVar("Value")


class Chapter(StrEnum):
    """What a setting is about: the sections of the settings page."""

    COMPANY = "company"
    CALENDAR = "calendar"
    LISTS = "lists"
    RECORDS = "records"
    BULK = "bulk"
    MAIL = "mail"
    SECURITY = "security"
    RETENTION = "retention"


CHAPTER_LABELS = {
    Chapter.COMPANY: Label("Company", "企业"),
    Chapter.CALENDAR: Label("Working calendar", "工作日历"),
    Chapter.LISTS: Label("Lists", "列表"),
    Chapter.RECORDS: Label("Records and teams", "记录与团队"),
    Chapter.BULK: Label("Bulk operations, imports and exports", "批量操作与导入导出"),
    Chapter.MAIL: Label("E-mail", "邮件"),
    Chapter.SECURITY: Label("Login and passwords", "登录与密码"),
    Chapter.RETENTION: Label("How long things are kept", "保留期限"),
}


@dataclass(frozen=True)
class Setting(Generic[Value]):
    """One business rule; ``field.default`` holds until an admin says otherwise."""

    field: Field
    chapter: Chapter

    @property
    def key(self) -> str:
        return self.field.key

    @property
    def default(self) -> Value:
        found: Value = self.field.default
        return found


live: ContextVar[Mapping[str, Any]] = ContextVar("settings", default=MappingProxyType({}))
"""What admins have set, by key: put here by the store, once per request, job or command."""

_declared: dict[str, Setting[Any]] = {}


def declare(key: str, field: Field, chapter: Chapter) -> Setting[Any]:
    """Take a setting in, while the program loads; it needs a default that its own kind accepts.

    Annotate what it gives: ``UNDO_DAYS: Setting[int] = declare("undo_days", …)``.
    """
    setting: Setting[Any] = Setting(field.keyed(key), chapter)
    if key in _declared:
        raise DeclarationError("settings", key, "another setting has this name")
    if setting.default is None or field.required:
        raise DeclarationError(
            "settings", key, "give a default: an emptied setting goes back to it"
        )
    if setting.default != "" and field.parse(setting.default) != setting.default:
        raise DeclarationError("settings", key, "the default is not as its kind stores it")
    _declared[key] = setting
    return setting


def declared() -> Iterator[Setting[Any]]:
    """All settings by chapter, in the order they were declared."""
    order = list(Chapter)
    return iter(sorted(_declared.values(), key=lambda setting: order.index(setting.chapter)))


def find(key: str) -> Setting[Any] | None:
    """The setting of that key; None for an unknown one."""
    return _declared.get(key)


def value(setting: Setting[Value]) -> Value:
    """What holds now: what an admin has set, or the default."""
    found: Value = live.get().get(setting.key, setting.default)
    return found
