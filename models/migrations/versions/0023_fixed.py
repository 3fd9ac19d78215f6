"""Whether it is fixed: our question after a closing, what came of it, and the request that opens a case again."""

import sqlalchemy as sa
from alembic import op

revision = "0023"
down_revision = "0022"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("service_request", sa.Column("reopens_id", sa.Integer(), nullable=True))
    op.create_table(
        "fixed_question",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("mention_id", sa.Integer(), nullable=False),
        sa.Column("request_id", sa.Integer(), nullable=False),
        sa.Column("update_id", sa.Integer(), nullable=False),
        sa.Column("asked_reply_id", sa.Integer(), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("followed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("closes_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("state", sa.String(length=40), nullable=False),
        sa.Column("state_reason", sa.String(), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("answered_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("answer_post_id", sa.Integer(), nullable=True),
        sa.Column("answered_by", sa.Integer(), nullable=True),
        sa.Column("reopening_id", sa.Integer(), nullable=True),
        sa.Column("told_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("reopened_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["asked_reply_id"], ["reply.id"]),
        sa.ForeignKeyConstraint(["mention_id"], ["mention.id"]),
        sa.ForeignKeyConstraint(["request_id"], ["service_request.id"]),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("mention_id", "request_id", "update_id"),
    )
    op.create_index("ix_fixed_question_state", "fixed_question", ["state", "closes_at"])
    op.create_index("ix_fixed_question_reply", "fixed_question", ["asked_reply_id"])
    op.create_index("ix_fixed_question_asked", "fixed_question", ["asked_at"])


def downgrade() -> None:
    op.drop_index("ix_fixed_question_asked", table_name="fixed_question")
    op.drop_index("ix_fixed_question_reply", table_name="fixed_question")
    op.drop_index("ix_fixed_question_state", table_name="fixed_question")
    op.drop_table("fixed_question")
    op.drop_column("service_request", "reopens_id")
