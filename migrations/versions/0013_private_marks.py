"""private notes and tags.

Revision: 0013, after 0012. Created 2026-11-22 00:40:00.
"""

import sqlalchemy as sa
from alembic import op

import app.spec.types

revision = '0013'
down_revision = '0012'
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Bring the schema to this revision."""
    op.create_table('private_note',
    sa.Column('id', sa.Integer(), nullable=False),
    sa.Column('user_id', sa.Integer(), nullable=False),
    sa.Column('entity', sa.String(length=40), nullable=False),
    sa.Column('record_id', sa.Integer(), nullable=False),
    sa.Column('text', sa.Text(), nullable=False),
    sa.Column('written_at', app.spec.types.UTCDateTime(timezone=True), nullable=False),
    sa.ForeignKeyConstraint(['user_id'], ['user_account.id'], name=op.f('fk_private_note_user_id_user_account')),
    sa.PrimaryKeyConstraint('id', name=op.f('pk_private_note'))
    )
    with op.batch_alter_table('private_note', schema=None) as batch_op:
        batch_op.create_index('ix_private_note_record_id', ['entity', 'record_id'], unique=False)
        batch_op.create_index('ix_private_note_user_id', ['user_id', 'entity', 'record_id'], unique=False)

    op.create_table('private_tag',
    sa.Column('user_id', sa.Integer(), nullable=False),
    sa.Column('entity', sa.String(length=40), nullable=False),
    sa.Column('record_id', sa.Integer(), nullable=False),
    sa.Column('tag', sa.String(length=30), nullable=False),
    sa.ForeignKeyConstraint(['user_id'], ['user_account.id'], name=op.f('fk_private_tag_user_id_user_account')),
    sa.PrimaryKeyConstraint('user_id', 'entity', 'record_id', 'tag', name=op.f('pk_private_tag'))
    )
    with op.batch_alter_table('private_tag', schema=None) as batch_op:
        batch_op.create_index('ix_private_tag_record_id', ['entity', 'record_id'], unique=False)
        batch_op.create_index('ix_private_tag_tag', ['user_id', 'entity', 'tag'], unique=False)


def downgrade() -> None:
    """Take this revision back."""
    op.drop_table('private_tag')
    op.drop_table('private_note')
