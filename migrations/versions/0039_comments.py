"""What people say about records to each other (NOTE).

Revision: 0039, after 0038. Created 2026-11-23 10:50:00.
"""

import sqlalchemy as sa
from alembic import op

import app.spec.types

revision = '0039'
down_revision = '0038'
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Bring the schema to this revision."""
    op.create_table('comment',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('entity', sa.String(length=40), nullable=False),
    sa.Column('record_id', sa.Integer(), nullable=False),
    sa.Column('user_id', sa.Integer(), nullable=False),
    sa.Column('text', sa.Text(), nullable=False),
    sa.Column('written_at', app.spec.types.UTCDateTime(timezone=True), nullable=False),
    sa.Column('edited_at', app.spec.types.UTCDateTime(timezone=True), nullable=True),
    sa.Column('deleted_at', app.spec.types.UTCDateTime(timezone=True), nullable=True),
    sa.Column('came_from', sa.Integer(), nullable=True),
    sa.ForeignKeyConstraint(['user_id'], ['user_account.id'], name=op.f('fk_comment_user_id_user_account')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_comment'))
    )
    with op.batch_alter_table('comment', schema=None) as batch_op:
        batch_op.create_index('ix_comment_record', ['entity', 'record_id', 'id'], unique=False)


def downgrade() -> None:
    """Bring the schema back to the revision before this one."""
    with op.batch_alter_table('comment', schema=None) as batch_op:
        batch_op.drop_index('ix_comment_record')

    op.drop_table('comment')
