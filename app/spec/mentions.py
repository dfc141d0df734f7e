"""Mentions: a colleague named in a text by ``@username`` (NOTE).

What is stored names him by his number, ``@[7]``, so it means the same person however he is called
later. What is typed may be either; whatever is nobody's username stays the text that it is.
"""

import re
from collections.abc import Iterator, Mapping

MOST = 20
"""So many people may be named in one text."""
_PLAIN = r"[A-Za-z0-9_](?:[A-Za-z0-9_.\-]*[A-Za-z0-9_])?"
_NUMBER = re.compile(r"@\[([1-9][0-9]{0,8})\]")
_NAME = re.compile(rf"(?<![A-Za-z0-9._%+\-/@])@({_PLAIN})")


def usernames(text: str) -> set[str]:
    """What stands behind an ``@`` in what was typed and may be a username; no part of an e-mail
    address."""
    return set(_NAME.findall(text))


def numbers(text: str) -> set[int]:
    """Whom a text names by number: of a stored one everybody."""
    return {int(number) for number in _NUMBER.findall(text)}


def stored(text: str, ids: Mapping[str, int]) -> str:
    """The text with the people of these usernames named by number."""

    def number(found: re.Match[str]) -> str:
        return _token(ids[found[1]]) if found[1] in ids else found[0]

    return _NAME.sub(number, text)


def typed(text: str, names: Mapping[int, str]) -> str:
    """A stored text as one would type it; the people given with their usernames."""

    def name(found: re.Match[str]) -> str:
        number = int(found[1])
        return as_typed(number, names[number]) if number in names else found[0]

    return _NUMBER.sub(name, text)


def as_typed(number: int, username: str) -> str:
    """How one person is named: by his username, unless that would be read otherwise."""
    return f"@{username}" if re.fullmatch(_PLAIN, username) else _token(number)


def parts(text: str) -> Iterator[str | int]:
    """A stored text in pieces: words, and the numbers of the people who are named between them."""
    at = 0
    for found in _NUMBER.finditer(text):
        yield text[at : found.start()]
        yield int(found[1])
        at = found.end()
    yield text[at:]


def _token(number: int) -> str:
    return f"@[{number}]"
