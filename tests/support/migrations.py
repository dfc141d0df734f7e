"""Checks that migrating an empty database gives exactly the tables that the models declare.

``python -m tests.support.migrations [URL]``: an empty SQLite file, unless a URL is given.
"""

import sys
import tempfile
from pathlib import Path
from typing import Any

from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from app.extensions import db
from app.store import worker_queue
from app.store.upgrade import upgrade
from tests.support.worlds import make_app

SEARCH = "_search"
"""Search indexes are made by the upgrade, per kind of database, from what entities declare."""


def is_migrated(_thing: Any, name: str | None, *_rest: Any) -> bool:
    """Whether migrations are responsible for a table, column or index of that name."""
    return SEARCH not in (name or "") and not (name or "").startswith(worker_queue.PREFIX)


def differences(folder: Path, url: str) -> list[Any]:
    """What another migration would have to do after all that there are; empty when in step."""
    app = make_app(folder, url)
    with app.app_context():
        upgrade()
        with db.engine.connect() as connection:
            context = MigrationContext.configure(
                connection, opts={"compare_type": True, "include_object": is_migrated}
            )
            found = compare_metadata(context, db.metadata)
        db.engine.dispose()
    return list(found)


def main(arguments: list[str]) -> int:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        url = arguments[0] if arguments else f"sqlite:///{folder / 'empty.sqlite'}"
        found = differences(folder, url)
    print("\n".join(map(repr, found)) or "migrations and models agree")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
