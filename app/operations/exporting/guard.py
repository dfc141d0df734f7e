"""Text that a spreadsheet takes for text, whatever somebody typed (EXP-1, C72)."""

GUARDED = ("=", "+", "-", "@", "\t", "\r", "＝", "＋", "－", "＠")
"""First characters that a spreadsheet may take for a formula; csv cells get an apostrophe."""
_SUSPECT = frozenset({*GUARDED, "'"})
"""How the few begin that are worth a second look."""


def guarded(text: str) -> str:
    """Text that a spreadsheet takes for text: an apostrophe before what looks like a formula.

    Also before what an import would take for guarded, so that it comes back as it was (C72).
    """
    return f"'{text}" if text[:1] in _SUSPECT and _is_guarded(text) else text


def unguarded(text: str) -> str:
    """The text without its guard, and without the one that people put before long numbers."""
    rest = text[1:]
    return rest if text.startswith("'") and (_is_guarded(rest) or rest.isdecimal()) else text


def _is_guarded(text: str) -> bool:
    bare = text.lstrip("'")
    return bare.startswith(GUARDED) or (bare != text and bare.isdecimal())
