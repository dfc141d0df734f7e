"""Words in both languages.

A declaration names things once, in English and in Chinese, where they are declared (UI-8). Which of
the two a reader sees is decided when the label is shown, from the language of whoever reads.
"""

from collections.abc import Iterable
from contextvars import ContextVar
from dataclasses import dataclass

LANGUAGES = ("zh", "en")

language: ContextVar[str] = ContextVar("language", default="zh")
"""The language of the person who is being answered: set once per request, job or message."""


@dataclass(frozen=True, slots=True)
class Label:
    """A name in both languages; ``str()`` gives the reader's. Neither may be empty (UI-8)."""

    en: str
    zh: str

    def __post_init__(self) -> None:
        if not self.en.strip() or not self.zh.strip():
            raise ValueError(f"a label needs both languages: {self.en!r} / {self.zh!r}")

    def __str__(self) -> str:
        return self.zh if language.get() == "zh" else self.en

    def __html__(self) -> str:
        """Escaped as any other text: a label never carries markup (C51)."""
        return (
            str(self)
            .replace("&", "&amp;")
            .replace("<", "&lt;")
            .replace(">", "&gt;")
            .replace('"', "&#34;")
            .replace("'", "&#39;")
        )


def either(zh: str | None, en: str | None) -> str:
    """The reader's language of a stored pair; the other one when it is empty, never a blank."""
    first, second = (zh, en) if language.get() == "zh" else (en, zh)
    return first or second or ""


def listed(names: Iterable[str]) -> str:
    """Several names in one line, separated as the reader's language does."""
    return ("、" if language.get() == "zh" else ", ").join(names)
