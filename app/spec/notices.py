"""What people are told of, each kind declared once: its name, its sentence, where it leads (NOTE).

Whatever tells somebody something declares a :class:`Notice` beside its own code. From that follow
the line in the bell, the mail, the digest and the switches on everybody's own page.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from app.spec.words import Label

Data = Mapping[str, Any]
"""What a message keeps: JSON, without a sentence, so that each reader gets his language."""


class Channel(StrEnum):
    """A way to somebody; he switches each on and off per kind."""

    IN_APP = "in_app"
    MAIL = "mail"
    DIGEST = "digest"


CHANNEL_LABELS = {
    Channel.IN_APP: Label("In the bell", "站内通知"),
    Channel.MAIL: Label("By e-mail, at once", "即时邮件"),
    Channel.DIGEST: Label("In the daily digest", "每日摘要"),
}


@dataclass(frozen=True)
class Notice:
    """One kind of message."""

    key: str
    label: Label
    says: Callable[[Data], str]
    """The sentence, in the language of whoever is being answered."""
    leads_to: Callable[[Data], str]
    """The path of the page that it is about."""
    channels: frozenset[Channel] = frozenset({Channel.IN_APP})
    """The ways it takes until its reader says otherwise."""
    about: Callable[[Data], str] = lambda data: data.get("entity") or ""
    """The entity that its reader must still be allowed to list when mail goes out; "" for none."""
    record: Callable[[Data], int | None] = lambda data: data.get("record")
    """The one record of that entity that he must still be able to read then; None for none."""


NOTICES: dict[str, Notice] = {}
"""Every kind by its key, in the order of the switches."""


def declare(notice: Notice) -> Notice:
    """Let people be told of this; a key is taken once."""
    if notice.key in NOTICES:
        raise ValueError(f"There are two notices {notice.key!r}: give one another key.")
    NOTICES[notice.key] = notice
    return notice
