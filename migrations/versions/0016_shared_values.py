"""Indexes of what the data quality list compares among all records.

Revision: 0016, after 0015. Created 2026-11-22 05:00:00.
"""

import sqlalchemy as sa
from alembic import op

revision = '0016'
down_revision = '0015'
branch_labels = None
depends_on = None

LISTED = {
    'contact': 'deleted_at IS NULL',
    'customer': 'deleted_at IS NULL AND pool_id IS NULL',
    'lead': 'deleted_at IS NULL AND pool_id IS NULL',
}
COMPARED = ('mobile', 'phone', 'email')


def upgrade() -> None:
    """Bring the schema to this revision."""
    for table, listed in LISTED.items():
        for column in COMPARED:
            only = sa.text(f'{listed} AND {column} IS NOT NULL')
            op.create_index(f'ix_{table}_{column}', table, [column, 'owner_id'], sqlite_where=only, postgresql_where=only)


def downgrade() -> None:
    """Take this revision back."""
    for table in LISTED:
        for column in COMPARED:
            op.drop_index(f'ix_{table}_{column}', table)
