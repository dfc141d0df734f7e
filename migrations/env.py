"""How migrations run: on the application's own database, in one transaction on PostgreSQL."""

from typing import Any

from alembic import context
from flask import current_app

from app.extensions import db

SEARCH_TABLES, QUEUE_TABLES = "_search", "procrastinate_"


def is_ours(thing: Any, name: str | None, kind: str, reflected: bool, other: Any) -> bool:
    """Leave out the search tables, which come from declarations, and the queue's own."""
    is_other = name is not None and (SEARCH_TABLES in name or name.startswith(QUEUE_TABLES))
    return not (kind == "table" and is_other)


def run() -> None:
    """Upgrade or downgrade online; there is no offline mode."""
    database = current_app.extensions["migrate"].db
    with database.engine.connect() as connection:
        if connection.dialect.name == "postgresql":
            connection.exec_driver_sql("SET statement_timeout = 0")
            connection.exec_driver_sql("SET idle_in_transaction_session_timeout = 0")
            connection.commit()
        context.configure(
            connection=connection,
            target_metadata=db.metadata,
            include_object=is_ours,
            compare_type=True,
            render_as_batch=connection.dialect.name == "sqlite",
            transaction_per_migration=True,
        )
        with context.begin_transaction():
            context.run_migrations()
        connection.commit()


run()
