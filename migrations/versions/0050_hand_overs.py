"""Hand-overs of what leavers had.

Revision: 0050, after 0049.
"""

import sqlalchemy as sa
from alembic import op

import app.spec.types

revision = '0050'
down_revision = '0049'
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Bring the schema to this revision."""
    op.create_table('hand_over',
    sa.Column('operation_id', sa.Integer(), autoincrement=False, nullable=False),
    sa.Column('person_id', sa.Integer(), nullable=False),
    sa.Column('disables', sa.Boolean(), server_default=sa.text('false'), nullable=False),
    sa.Column('ended_at', app.spec.types.UTCDateTime(), nullable=True),
    sa.Column('result', sa.JSON(), nullable=False),
    sa.ForeignKeyConstraint(['operation_id'], ['operation_run.id'], name=op.f('fk_hand_over_operation_id_operation_run')),
    sa.ForeignKeyConstraint(['person_id'], ['user_account.id'], name=op.f('fk_hand_over_person_id_user_account')),
    sa.PrimaryKeyConstraint('operation_id', name=op.f('pk_hand_over'))
    )
    with op.batch_alter_table('hand_over', schema=None) as batch_op:
        batch_op.create_index('ix_hand_over_person_id', ['person_id'], unique=True, sqlite_where=sa.text('ended_at IS NULL'), postgresql_where=sa.text('ended_at IS NULL'))
    op.create_table('hand_over_item',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('operation_id', sa.Integer(), nullable=False),
    sa.Column('place', sa.String(length=81), nullable=False),
    sa.Column('record_id', sa.Integer(), nullable=False),
    sa.Column('receiver_id', sa.Integer(), nullable=True),
    sa.Column('outcome', sa.String(length=10), nullable=False),
    sa.Column('code', sa.String(length=40), nullable=False),
    sa.Column('reason', sa.Text(), nullable=False),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_hand_over_item'))
    )
    with op.batch_alter_table('hand_over_item', schema=None) as batch_op:
        batch_op.create_index('ix_hand_over_item_record', ['operation_id', 'place', 'record_id'], unique=True)


def downgrade() -> None:
    """Take this revision back."""
    op.drop_table('hand_over_item')
    op.drop_table('hand_over')
