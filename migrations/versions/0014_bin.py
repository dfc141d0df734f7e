"""An order to walk the recycle bin in.

Revision: 0014, after 0013. Created 2026-11-22 02:03:29.
"""

import sqlalchemy as sa
from alembic import op

revision = '0014'
down_revision = '0013'
branch_labels = None
depends_on = None

TABLES = ('announcement', 'contact', 'customer', 'department', 'lead', 'pool', 'tag')
ONLY = sa.text('deleted_at IS NOT NULL')


def upgrade() -> None:
    """Bring the schema to this revision."""
    for table in TABLES:
        op.create_index(f'ix_{table}_deleted_at', table, ['deleted_at', 'id'], sqlite_where=ONLY, postgresql_where=ONLY)


def downgrade() -> None:
    """Take this revision back."""
    for table in TABLES:
        op.drop_index(f'ix_{table}_deleted_at', table)
