"""What was asked of residents, what is somebody else's to mend, and who is paged when nobody answers a danger."""

import sqlalchemy as sa
from alembic import op

revision = "0025"
down_revision = "0024"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("alarm", sa.Column("escalated", sa.Integer(), nullable=False, server_default="0"))
    op.create_table(
        "asked_question",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("reply_id", sa.Integer(), nullable=False),
        sa.Column("mention_id", sa.Integer(), nullable=False),
        sa.Column("about", sa.String(), nullable=False),
        sa.Column("service_code", sa.String(), nullable=False),
        sa.Column("reminder", sa.Boolean(), nullable=False),
        sa.Column("state", sa.String(length=40), nullable=False),
        sa.Column("answer_post_id", sa.Integer(), nullable=True),
        sa.Column("reminded_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("settled_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["answer_post_id"], ["post.id"]),
        sa.ForeignKeyConstraint(["mention_id"], ["mention.id"]),
        sa.ForeignKeyConstraint(["reply_id"], ["reply.id"]),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("reply_id"),
    )
    op.create_index("ix_asked_question_mention", "asked_question", ["mention_id", "id"])
    op.create_index("ix_asked_question_open", "asked_question", ["state", "id"])
    op.create_table(
        "jurisdiction",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("service_codes", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("area", sa.String(), nullable=False),
        sa.Column("road_owner", sa.String(), nullable=False),
        sa.Column("outside", sa.Boolean(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("contact", sa.String(), nullable=False),
        sa.Column("note", sa.String(), nullable=False),
        sa.Column("names", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("checked_on", sa.Date(), nullable=True),
        sa.Column("checked_by", sa.Integer(), nullable=True),
        sa.Column("changed_by", sa.Integer(), nullable=True),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["changed_by"], ["staff_user.id"]),
        sa.ForeignKeyConstraint(["checked_by"], ["staff_user.id"]),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_table(
        "hand_off",
        sa.Column("mention_id", sa.Integer(), nullable=False),
        sa.Column("jurisdiction_id", sa.Integer(), nullable=False),
        sa.Column("owner", sa.String(), nullable=False),
        sa.Column("service_code", sa.String(), nullable=False),
        sa.Column("area", sa.String(), nullable=False),
        sa.Column("evidence", sa.String(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("overruled_by", sa.Integer(), nullable=True),
        sa.Column("overruled_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["jurisdiction_id"], ["jurisdiction.id"]),
        sa.ForeignKeyConstraint(["mention_id"], ["mention.id"]),
        sa.ForeignKeyConstraint(["overruled_by"], ["staff_user.id"]),
        sa.PrimaryKeyConstraint("mention_id"),
    )
    op.create_index("ix_hand_off_jurisdiction_id", "hand_off", ["jurisdiction_id"])
    op.create_table(
        "escalation_step",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("after_minutes", sa.Integer(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("emails", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("webhook_url", sa.String(), nullable=False),
        sa.Column("on_call", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_table(
        "alarm_page",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("alarm_id", sa.Integer(), nullable=False),
        sa.Column("step", sa.String(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("trouble", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(["alarm_id"], ["alarm.id"]),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_alarm_page_alarm", "alarm_page", ["alarm_id", "id"])


def downgrade() -> None:
    op.drop_index("ix_alarm_page_alarm", table_name="alarm_page")
    op.drop_table("alarm_page")
    op.drop_table("escalation_step")
    op.drop_index("ix_hand_off_jurisdiction_id", table_name="hand_off")
    op.drop_table("hand_off")
    op.drop_table("jurisdiction")
    op.drop_index("ix_asked_question_open", table_name="asked_question")
    op.drop_index("ix_asked_question_mention", table_name="asked_question")
    op.drop_table("asked_question")
    op.drop_column("alarm", "escalated")
