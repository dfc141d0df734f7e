"""Migrations lead to the tables that the models declare, on both kinds of database."""

from pathlib import Path

from tests.support.migrations import differences


def test_upgrade_of_an_empty_database_leaves_nothing_to_migrate(
    empty_database: str, tmp_path: Path
) -> None:
    assert differences(tmp_path, empty_database) == []
