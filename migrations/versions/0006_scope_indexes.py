"""Indexes that count and check a scope without looking at the rows.

Revision: 0006, after 0005. Created 2026-11-22 01:00:00.
"""

import sqlalchemy as sa
from alembic import op

revision = '0006'
down_revision = '0005'
branch_labels = None
depends_on = None

ALIVE = sa.text('deleted_at IS NULL')
LISTED = sa.text('deleted_at IS NULL AND pool_id IS NULL')
ROWS = {'customer': LISTED, 'lead': LISTED, 'contact': ALIVE}


def upgrade() -> None:
    """Bring the schema to this revision."""
    for table, where in ROWS.items():
        only = {'sqlite_where': where, 'postgresql_where': where}
        with op.batch_alter_table(table, schema=None) as batch_op:
            batch_op.drop_index(f'ix_{table}_owner_id')
            batch_op.create_index(f'ix_{table}_owner_id', ['owner_id', 'updated_at', 'id'], unique=False, **only)
            batch_op.create_index(f'ix_{table}_scope', ['id', 'owner_id', 'updated_at'], unique=False, **only)


def downgrade() -> None:
    """Take this revision back."""
    for table in ROWS:
        with op.batch_alter_table(table, schema=None) as batch_op:
            batch_op.drop_index(f'ix_{table}_scope')
            batch_op.drop_index(f'ix_{table}_owner_id')
            batch_op.create_index(f'ix_{table}_owner_id', ['owner_id', 'id'], unique=False)
