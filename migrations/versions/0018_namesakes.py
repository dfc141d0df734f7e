"""Who said that another customer may be called the same.

Revision: 0018, after 0017. Created 2026-11-22 07:45:00.
"""

import sqlalchemy as sa
from alembic import op

revision = '0018'
down_revision = '0017'
branch_labels = None
depends_on = None

ALIVE = sa.text('deleted_at IS NULL')
UNSAID = sa.text('deleted_at IS NULL AND name_shared_by_id IS NULL')
SAID = sa.text('deleted_at IS NULL AND name_shared_by_id IS NOT NULL')


def upgrade() -> None:
    """Bring the schema to this revision."""
    op.add_column('customer', sa.Column('name_shared_by_id', sa.Integer(), nullable=True))
    op.drop_index('uq_customer_name_key', 'customer')
    op.create_index('uq_customer_name_key', 'customer', ['name_key'], unique=True, sqlite_where=UNSAID, postgresql_where=UNSAID)
    op.create_index('ix_customer_name_key_shared', 'customer', ['name_key'], sqlite_where=SAID, postgresql_where=SAID)


def downgrade() -> None:
    """Take this revision back; refused by the database while two customers are called the same."""
    op.drop_index('ix_customer_name_key_shared', 'customer')
    op.drop_index('uq_customer_name_key', 'customer')
    with op.batch_alter_table('customer') as batch_op:
        batch_op.drop_column('name_shared_by_id')
    op.create_index('uq_customer_name_key', 'customer', ['name_key'], unique=True, sqlite_where=ALIVE, postgresql_where=ALIVE)
