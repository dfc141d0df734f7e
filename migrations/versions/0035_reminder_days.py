"""Everybody is reminded once a day of his.

Revision: 0035, after 0034. Created 2026-11-23 07:45:00.
"""

import sqlalchemy as sa
from alembic import op

revision = '0035'
down_revision = '0034'
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Bring the schema to this revision."""
    op.create_table(
        'reminder_day',
        sa.Column('user_id', sa.Integer(), nullable=False),
        sa.Column('day', sa.Date(), nullable=False),
        sa.ForeignKeyConstraint(
            ['user_id'], ['user_account.id'], name=op.f('fk_reminder_day_user_id_user_account')
        ),
        sa.PrimaryKeyConstraint('user_id', name=op.f('pk_reminder_day')),
    )


def downgrade() -> None:
    """Take this revision back."""
    op.drop_table('reminder_day')
