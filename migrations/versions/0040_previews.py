"""Small copies of pictures that are attached.

Revision: 0040, after 0039. Created 2026-11-23 10:49:41.675272.
"""

import sqlalchemy as sa
from alembic import op

revision = '0040'
down_revision = '0039'
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Bring the schema to this revision."""
    with op.batch_alter_table('attachment', schema=None) as batch_op:
        batch_op.add_column(sa.Column('preview', sa.String(length=32), nullable=True))
        batch_op.create_index('ix_attachment_preview', ['preview'], unique=False)


def downgrade() -> None:
    """Take this revision back."""
    with op.batch_alter_table('attachment', schema=None) as batch_op:
        batch_op.drop_index('ix_attachment_preview')
        batch_op.drop_column('preview')
