"""What duplicates are found by: companies of leads, domains of addresses, telephone numbers.

Revision: 0026, after 0025. Created 2026-11-22 11:45:00.
"""

from collections.abc import Callable

import sqlalchemy as sa
from alembic import op

from app.spec.likeness import mail_domain
from app.spec.text import company_key

revision = '0026'
down_revision = '0025'
branch_labels = None
depends_on = None

DERIVED: tuple[tuple[str, str, str, int, Callable[[str], str]], ...] = (
    ('customer', 'email', 'email_domain', 120, mail_domain),
    ('lead', 'email', 'email_domain', 120, mail_domain),
    ('lead', 'company', 'company_key', 160, company_key),
)
ALIKE = {
    'customer': ('mobile', 'phone', 'email_domain'),
    'lead': ('mobile', 'phone', 'email_domain', 'company_key'),
}
CHUNK = 5_000


def upgrade() -> None:
    """Bring the schema to this revision."""
    for table, source, column, length, compute in DERIVED:
        op.add_column(table, sa.Column(column, sa.String(length), nullable=True))
        _fill(table, source, column, compute)
    for table, columns in ALIKE.items():
        for column in columns:
            only = sa.text(f'deleted_at IS NULL AND {column} IS NOT NULL')
            op.create_index(f'ix_{table}_{column}_alike', table, [column], sqlite_where=only, postgresql_where=only)


def _fill(table: str, source: str, column: str, compute: Callable[[str], str]) -> None:
    """Compute the column of the rows that there are, by their ids."""
    rows = sa.table(table, sa.column('id'), sa.column(source), sa.column(column))
    connection, last = op.get_bind(), 0
    while True:
        found = connection.execute(
            sa.select(rows.c.id, rows.c[source])
            .where(rows.c.id > last, rows.c[source].is_not(None))
            .order_by(rows.c.id)
            .limit(CHUNK)
        ).all()
        if not found:
            return
        connection.execute(
            sa.update(rows).where(rows.c.id == sa.bindparam('row')).values({column: sa.bindparam('value')}),
            [{'row': row, 'value': compute(value)} for row, value in found],
        )
        last = found[-1][0]


def downgrade() -> None:
    """Take this revision back."""
    for table, columns in ALIKE.items():
        for column in columns:
            op.drop_index(f'ix_{table}_{column}_alike', table)
    for table, _source, column, _length, _compute in DERIVED:
        op.drop_column(table, column)
