"""what a bulk run wrote stands in the history alone.

Revision: 0027, after 0026. Created 2026-11-22 21:15:00.
"""

import sqlalchemy as sa
from alembic import op

revision = '0027'
down_revision = '0026'
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Bring the schema to this revision."""
    op.drop_column('operation_item', 'changes')


def downgrade() -> None:
    """Take this revision back; old reports need no values, and there are none to give."""
    op.add_column('operation_item', sa.Column('changes', sa.JSON(), nullable=False, server_default='{}'))
