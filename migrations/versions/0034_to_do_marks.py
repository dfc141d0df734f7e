"""Whoever has dealt with a record marks it as handled in his to-do list.

Revision: 0034, after 0033. Created 2026-11-23 07:10:00.
"""

import sqlalchemy as sa
from alembic import op

from app.spec.types import UTCDateTime

revision = '0034'
down_revision = '0033'
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Bring the schema to this revision."""
    op.create_table(
        'to_do_mark',
        sa.Column('to_do', sa.String(length=40), nullable=False),
        sa.Column('entity', sa.String(length=40), nullable=False),
        sa.Column('record_id', sa.Integer(), nullable=False),
        sa.Column('since', UTCDateTime(timezone=True), nullable=False),
        sa.Column('person_id', sa.Integer(), nullable=False),
        sa.Column('user_id', sa.Integer(), nullable=False),
        sa.Column('at', UTCDateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ['user_id'], ['user_account.id'], name=op.f('fk_to_do_mark_user_id_user_account')
        ),
        sa.PrimaryKeyConstraint('to_do', 'entity', 'record_id', name=op.f('pk_to_do_mark')),
    )


def downgrade() -> None:
    """Take this revision back."""
    op.drop_table('to_do_mark')
