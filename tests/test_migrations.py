"""Migrations lead to the tables that the models declare, on both kinds of database."""

from pathlib import Path

from app.store.upgrade import upgrade
from tests.support.migrations import differences
from tests.support.worlds import make_app


def test_upgrade_of_an_empty_database_leaves_nothing_to_migrate(
    empty_database: str, tmp_path: Path
) -> None:
    assert differences(tmp_path, empty_database) == []


def test_a_new_sqlite_file_is_its_owners_only(tmp_path: Path) -> None:
    """Customers' data is not for every account of the machine (C108c)."""
    file = tmp_path / "data" / "crm.sqlite"
    app = make_app(tmp_path, f"sqlite:///{file}")
    with app.app_context():
        upgrade()
    assert file.stat().st_mode & 0o077 == 0
