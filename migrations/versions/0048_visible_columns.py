"""What a pool shows of its records may be left open.

Revision: 0048, after 0047. Created 2026-11-23 15:12:00.
"""

import sqlalchemy as sa
from alembic import op

revision = '0048'
down_revision = '0047'
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Bring the schema to this revision."""
    with op.batch_alter_table('pool', schema=None) as batch_op:
        batch_op.alter_column('visible_columns', existing_type=sa.JSON(), nullable=True)


def downgrade() -> None:
    """Take this revision back."""
    op.execute("UPDATE pool SET visible_columns = '[]' WHERE visible_columns IS NULL")
    with op.batch_alter_table('pool', schema=None) as batch_op:
        batch_op.alter_column('visible_columns', existing_type=sa.JSON(), nullable=False)
