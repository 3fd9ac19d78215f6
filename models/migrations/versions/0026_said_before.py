"""The same words of an account are found again."""

import sqlalchemy as sa
from alembic import op

revision = "0026"
down_revision = "0025"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index("ix_reply_words", "reply", ["account_id", sa.text("substr(text, 1, 120)")])


def downgrade() -> None:
    op.drop_index("ix_reply_words", table_name="reply")
