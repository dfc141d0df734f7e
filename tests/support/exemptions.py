"""Exemptions from the lint tests: each has its reason, and one that nothing needs any more fails.

A key is what the check reports: ``file`` or ``file:name``. A reason says why the rule is wrong
there, not that it is broken there.
"""

EXEMPTIONS: dict[str, dict[str, str]] = {
    "rows by identity": {},
    "raw statements": {
        "app/commands/bench/raw.py": "what a transfer is measured against is raw SQL by its nature",
    },
    "nouns": {
        "app/spec/menu.py:customers": "a heading of UI-1's fixed menu, not the entity",
        "app/spec/menu.py:leads": "a heading of UI-1's fixed menu, not the entity",
    },
    "text as code": {
        "app/cli.py": "the places of our own commands, constants beside the call",
        "app/entities/__init__.py": "the files of this package, so that a new one is an entity",
    },
    "long functions": {},
    "long files": {},
}
"""Check to {key: reason}."""


def unexplained(check: str, findings: list[str]) -> list[str]:
    """What of the findings no exemption covers, and every exemption that covers nothing."""
    exempt = EXEMPTIONS[check]
    keys = {_key(finding) for finding in findings}
    stale = [f"{key}: stale exemption from {check!r}" for key in exempt if key not in keys]
    return [finding for finding in findings if _key(finding) not in exempt] + stale


def _key(finding: str) -> str:
    return finding.split(" ", 1)[0]
