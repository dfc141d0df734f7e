"""Counts the tests that each database ran; with ``--both-halves`` a smaller PostgreSQL half fails.

A missing PostgreSQL would otherwise turn half of the suite into skips that nobody reads.
"""

import re
from collections import Counter

import pytest

BACKEND = re.compile(r"\[(?:.*-)?(sqlite|postgresql)(?:-.*)?\]$")
COUNTS = pytest.StashKey[Counter[str]]()
ONCE = pytest.mark.parametrize("server", [pytest.param("sqlite", id="once")], indirect=True)
"""For what doesn't depend on the database: one run, counted in neither half."""


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--both-halves",
        action="store_true",
        help="fail when fewer tests ran on PostgreSQL than on SQLite",
    )


def pytest_configure(config: pytest.Config) -> None:
    if not hasattr(config, "workerinput"):
        counts: Counter[str] = Counter()
        config.stash[COUNTS] = counts
        config.pluginmanager.register(_Counter(counts), "halves-counter")


class _Counter:
    """Hears of every finished test, those of the worker processes included."""

    def __init__(self, counts: Counter[str]) -> None:
        self.counts = counts

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        found = BACKEND.search(report.nodeid)
        if found and report.when == "call" and not report.skipped:
            self.counts[found.group(1)] += 1


@pytest.hookimpl(trylast=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    counts = session.config.stash.get(COUNTS, None)
    if counts is None or not session.config.getoption("--both-halves"):
        return
    if session.exitstatus == pytest.ExitCode.OK and is_lopsided(counts):
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, config: pytest.Config
) -> None:
    counts = config.stash.get(COUNTS, None)
    if not counts:
        return
    line = f"tests on SQLite: {counts['sqlite']}, on PostgreSQL: {counts['postgresql']}"
    terminalreporter.write_line(line)
    if config.getoption("--both-halves") and is_lopsided(counts):
        terminalreporter.write_line("FAILED: the PostgreSQL half ran fewer tests", red=True)


def is_lopsided(counts: Counter[str]) -> bool:
    return counts["postgresql"] < counts["sqlite"]
