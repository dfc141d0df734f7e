"""pictures.

Revision: 0008, after 0007. Created 2026-11-22 01:00:00.
"""

import sqlalchemy as sa
from alembic import op

import app.spec.types

revision = '0008'
down_revision = '0007'
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Bring the schema to this revision."""
    op.create_table('picture',
    sa.Column('name', sa.String(length=80), nullable=False),
    sa.Column('content', sa.LargeBinary(), nullable=False),
    sa.Column('at', app.spec.types.UTCDateTime(timezone=True), nullable=False),
    sa.PrimaryKeyConstraint('name', name=op.f('pk_picture'))
    )


def downgrade() -> None:
    """Take this revision back."""
    op.drop_table('picture')
