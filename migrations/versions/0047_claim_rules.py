"""Rules of claiming, and how much of them is used.

Revision: 0047, after 0046. Created 2026-11-23 14:40:00.
"""

import sqlalchemy as sa
from alembic import op

revision = '0047'
down_revision = '0046'
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Bring the schema to this revision."""
    op.create_table('claim_count',
    sa.Column('pool_id', sa.Integer(), nullable=False),
    sa.Column('user_id', sa.Integer(), nullable=False),
    sa.Column('period', sa.String(length=5), nullable=False),
    sa.Column('starts_on', sa.Date(), nullable=False),
    sa.Column('used', sa.Integer(), nullable=False),
    sa.ForeignKeyConstraint(['pool_id'], ['pool.id'], name=op.f('fk_claim_count_pool_id_pool')),
    sa.ForeignKeyConstraint(['user_id'], ['user_account.id'], name=op.f('fk_claim_count_user_id_user_account')),
    sa.PrimaryKeyConstraint('pool_id', 'user_id', name=op.f('pk_claim_count'))
    )
    with op.batch_alter_table('pool', schema=None) as batch_op:
        batch_op.add_column(sa.Column('claim_limit', sa.Integer(), nullable=True))
        batch_op.add_column(sa.Column('claim_period', sa.String(length=40), nullable=True))
        batch_op.add_column(sa.Column('previous_owner_days', sa.Integer(), nullable=True))
        batch_op.add_column(sa.Column('protection_days', sa.Integer(), nullable=True))
    op.execute("UPDATE pool SET claim_period = 'day', previous_owner_days = 0, protection_days = 0")


def downgrade() -> None:
    """Take this revision back."""
    with op.batch_alter_table('pool', schema=None) as batch_op:
        batch_op.drop_column('protection_days')
        batch_op.drop_column('previous_owner_days')
        batch_op.drop_column('claim_period')
        batch_op.drop_column('claim_limit')

    op.drop_table('claim_count')
