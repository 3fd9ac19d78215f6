"""Tweet chats: what staff say of a post that the recap may not repeat, and the follow-up post made of a task."""

import sqlalchemy as sa
from alembic import op

revision = "0032"
down_revision = "0031"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add both."""
    op.add_column("chat_entry", sa.Column("told_as", sa.JSON(none_as_null=True), nullable=False, server_default="{}"))
    op.add_column("chat_task", sa.Column("chat_post_id", sa.Integer(), nullable=True))


def downgrade() -> None:
    """Drop them."""
    op.drop_column("chat_task", "chat_post_id")
    op.drop_column("chat_entry", "told_as")
