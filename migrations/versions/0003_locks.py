"""locks on leads.

Revision: 0003, after 0002. Created 2026-11-22 00:35:00.
"""

import sqlalchemy as sa
from alembic import op

import app.spec.types

revision = '0003'
down_revision = '0002'
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Bring the schema to this revision."""
    op.add_column('lead', sa.Column('is_locked', sa.Boolean(), nullable=True))
    op.add_column('lead', sa.Column('locked_until', app.spec.types.UTCDateTime(timezone=True), nullable=True))
    op.add_column('lead', sa.Column('lock_reason', sa.String(length=255), nullable=True))


def downgrade() -> None:
    """Take this revision back."""
    with op.batch_alter_table('lead', schema=None) as batch_op:
        batch_op.drop_column('lock_reason')
        batch_op.drop_column('locked_until')
        batch_op.drop_column('is_locked')
