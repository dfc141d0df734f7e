"""Index who names a contact as primary: a contact that goes asks for it.

Revision: 0051, after 0050. Created 2026-11-23 19:40:52.547953.
"""

import sqlalchemy as sa
from alembic import op

revision = '0051'
down_revision = '0050'
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Bring the schema to this revision."""
    with op.batch_alter_table('customer', schema=None) as batch_op:
        batch_op.create_index(
            'ix_customer_primary_contact_id',
            ['primary_contact_id'],
            unique=False,
            sqlite_where=sa.text('primary_contact_id IS NOT NULL'),
            postgresql_where=sa.text('primary_contact_id IS NOT NULL'),
        )


def downgrade() -> None:
    """Take this revision back."""
    with op.batch_alter_table('customer', schema=None) as batch_op:
        batch_op.drop_index('ix_customer_primary_contact_id')

