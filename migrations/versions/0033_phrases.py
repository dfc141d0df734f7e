"""Canned phrases: what people write again and again (ACT).

Revision: 0033, after 0032. Created 2026-11-23 07:30:00.
"""

import sqlalchemy as sa
from alembic import op

revision = '0033'
down_revision = '0032'
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Bring the schema to this revision."""
    op.create_table(
        'canned_phrase',
        sa.Column('user_id', sa.Integer(), nullable=False),
        sa.Column('position', sa.Integer(), autoincrement=False, nullable=False),
        sa.Column('text', sa.String(length=500), nullable=False),
        sa.ForeignKeyConstraint(['user_id'], ['user_account.id'], name='fk_canned_phrase_user_id_user_account'),
        sa.PrimaryKeyConstraint('user_id', 'position', name='pk_canned_phrase'),
    )


def downgrade() -> None:
    """Take this revision back."""
    op.drop_table('canned_phrase')
