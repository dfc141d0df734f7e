"""Stars, private notes and tags that came with a merged record say so: un-merge takes them back.

Revision: 0028, after 0027. Created 2026-11-22 21:40:00.
"""

import sqlalchemy as sa
from alembic import op

revision = '0028'
down_revision = '0027'
branch_labels = None
depends_on = None

TABLES = ('star', 'private_note', 'private_tag')


def upgrade() -> None:
    """Bring the schema to this revision."""
    for table in TABLES:
        op.add_column(table, sa.Column('came_from', sa.Integer(), nullable=True))


def downgrade() -> None:
    """Take this revision back."""
    for table in TABLES:
        op.drop_column(table, 'came_from')
