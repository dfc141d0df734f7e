"""What a check found: good, worth a warning, or bad."""

from dataclasses import dataclass
from enum import StrEnum


class Verdict(StrEnum):
    """The sign in front of the line."""

    GOOD = "✓"
    POOR = "!"
    BAD = "✗"


@dataclass(frozen=True)
class Finding:
    """One line of the doctor's report."""

    verdict: Verdict
    subject: str
    detail: str

    def __str__(self) -> str:
        return f"{self.verdict} {self.subject}: {self.detail}"


def good(subject: str, detail: str) -> Finding:
    return Finding(Verdict.GOOD, subject, detail)


def poor(subject: str, detail: str) -> Finding:
    """Fine on a desk, not for many people."""
    return Finding(Verdict.POOR, subject, detail)


def bad(subject: str, detail: str) -> Finding:
    """``detail`` says what to do."""
    return Finding(Verdict.BAD, subject, detail)


def judged(is_right: bool, subject: str, detail: str, cure: str) -> Finding:
    """Good with ``detail``, or bad with the cure added."""
    return good(subject, detail) if is_right else bad(subject, f"{detail} — {cure}")
