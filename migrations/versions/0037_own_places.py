"""The order into which somebody has put records by hand.

Revision: 0037, after 0036. Created 2026-11-23 07:55:00.
"""

import sqlalchemy as sa
from alembic import op

revision = '0037'
down_revision = '0036'
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Bring the schema to this revision."""
    op.create_table('own_place',
    sa.Column('user_id', sa.Integer(), nullable=False),
    sa.Column('entity', sa.String(length=40), nullable=False),
    sa.Column('record_id', sa.Integer(), nullable=False),
    sa.Column('place', sa.BigInteger(), nullable=False),
    sa.ForeignKeyConstraint(['user_id'], ['user_account.id'], name=op.f('fk_own_place_user_id_user_account')),
    sa.PrimaryKeyConstraint('user_id', 'entity', 'record_id', name=op.f('pk_own_place'))
    )


def downgrade() -> None:
    """Take this revision back."""
    op.drop_table('own_place')
