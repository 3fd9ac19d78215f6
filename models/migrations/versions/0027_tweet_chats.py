"""Tweet chats and moderation; a reply may be a post of a chat, which answers no mention."""

import sqlalchemy as sa
from alembic import op

revision = "0027"
down_revision = "0026"
branch_labels = None
depends_on = None

TABLES = (
    "chat_task",
    "moderation_act",
    "chat_entry",
    "chat_post",
    "chat_answer",
    "chat_recap",
    "chat_question",
    "chat_person",
    "chat_network",
    "tweet_chat",
    "moderation_clause",
)

NEEDED, OPTIONAL = "mention_id INTEGER NOT NULL", "mention_id INTEGER"


def upgrade() -> None:
    _tables()
    op.add_column("reply", sa.Column("chat_post_id", sa.Integer(), nullable=True))
    op.create_index(
        "uq_reply_open_per_chat_post",
        "reply",
        ["chat_post_id"],
        unique=True,
        sqlite_where=sa.text("state != 'cancelled'"),
        postgresql_where=sa.text("state != 'cancelled'"),
    )
    _let_replies_be(OPTIONAL)


def downgrade() -> None:
    op.execute("DELETE FROM send_attempt WHERE reply_id IN (SELECT id FROM reply WHERE mention_id IS NULL)")
    op.execute("DELETE FROM reply WHERE mention_id IS NULL")
    _let_replies_be(NEEDED)
    op.drop_index("uq_reply_open_per_chat_post", table_name="reply")
    op.drop_column("reply", "chat_post_id")
    for table in TABLES:
        op.drop_table(table)


def _let_replies_be(wanted: str) -> None:
    """Change whether reply.mention_id may be NULL, in place: the table is large, and others refer to it.

    SQLite has no statement for it; its documentation gives this way (Making Other Kinds Of Table Schema Changes).
    """
    connection = op.get_bind()
    if connection.dialect.name != "sqlite":
        op.alter_column("reply", "mention_id", existing_type=sa.Integer(), nullable=wanted == OPTIONAL)
        return
    before = NEEDED if wanted == OPTIONAL else OPTIONAL
    version = connection.exec_driver_sql("PRAGMA schema_version").scalar_one()
    connection.exec_driver_sql("PRAGMA writable_schema = ON")
    changed = connection.exec_driver_sql(
        "UPDATE sqlite_schema SET sql = replace(sql, ?, ?) WHERE type = 'table' AND name = 'reply'",
        (f"{before},", f"{wanted},"),
    )
    if changed.rowcount != 1:
        raise RuntimeError("there is no table of replies to change")
    connection.exec_driver_sql(f"PRAGMA schema_version = {version + 1}")
    connection.exec_driver_sql("PRAGMA writable_schema = OFF")


def _tables() -> None:
    op.create_table(
        "moderation_clause",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("code", sa.String(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("title", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("words", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("permits", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("made_by", sa.Integer(), nullable=True),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["made_by"],
            ["staff_user.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("code", "version"),
    )
    op.create_table(
        "tweet_chat",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("title", sa.String(), nullable=False),
        sa.Column("about", sa.String(), nullable=False),
        sa.Column("hashtag", sa.String(), nullable=False),
        sa.Column("slug", sa.String(), nullable=False),
        sa.Column("starts_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("minutes", sa.Integer(), nullable=False),
        sa.Column("languages", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("state", sa.String(length=40), nullable=False),
        sa.Column("state_reason", sa.String(), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("public", sa.Boolean(), nullable=False),
        sa.Column("paused_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("shifted_seconds", sa.Integer(), nullable=False),
        sa.Column("grace_seconds", sa.Integer(), nullable=False),
        sa.Column("answer_keys", sa.Integer(), nullable=False),
        sa.Column("guests_approve", sa.Boolean(), nullable=False),
        sa.Column("answer_within", sa.Integer(), nullable=False),
        sa.Column("opened_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("ended_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("made_by", sa.Integer(), nullable=True),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["made_by"],
            ["staff_user.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("slug"),
    )
    op.create_index("ix_tweet_chat_starts_at", "tweet_chat", ["starts_at"], unique=False)
    op.create_table(
        "chat_network",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("chat_id", sa.Integer(), nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("conversation_id", sa.String(), nullable=False),
        sa.Column("rule_id", sa.Integer(), nullable=True),
        sa.Column("trouble", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id"],
            ["account.id"],
        ),
        sa.ForeignKeyConstraint(
            ["chat_id"],
            ["tweet_chat.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("chat_id", "account_id"),
    )
    op.create_table(
        "chat_person",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("chat_id", sa.Integer(), nullable=False),
        sa.Column("staff_id", sa.Integer(), nullable=False),
        sa.Column("part", sa.String(length=40), nullable=False),
        sa.Column("shown_as", sa.String(), nullable=False),
        sa.Column("absent_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["chat_id"],
            ["tweet_chat.id"],
        ),
        sa.ForeignKeyConstraint(
            ["staff_id"],
            ["staff_user.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("chat_id", "staff_id"),
    )
    op.create_index("ix_chat_person_staff", "chat_person", ["staff_id"], unique=False)
    op.create_table(
        "chat_question",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("chat_id", sa.Integer(), nullable=False),
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("words", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("at_seconds", sa.Integer(), nullable=False),
        sa.Column("skipped_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(
            ["chat_id"],
            ["tweet_chat.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("chat_id", "number"),
    )
    op.create_table(
        "chat_recap",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("chat_id", sa.Integer(), nullable=False),
        sa.Column("language", sa.String(), nullable=False),
        sa.Column("intro", sa.String(), nullable=False),
        sa.Column("written_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("published_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("published_by", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(
            ["chat_id"],
            ["tweet_chat.id"],
        ),
        sa.ForeignKeyConstraint(
            ["published_by"],
            ["staff_user.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("chat_id", "language"),
    )
    op.create_table(
        "chat_answer",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("chat_id", sa.Integer(), nullable=False),
        sa.Column("question_id", sa.Integer(), nullable=True),
        sa.Column("label", sa.String(), nullable=False),
        sa.Column("language", sa.String(), nullable=False),
        sa.Column("text", sa.String(), nullable=False),
        sa.Column("fixed", sa.Boolean(), nullable=False),
        sa.Column("prepared_by", sa.Integer(), nullable=True),
        sa.Column("prepared_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("approved_by", sa.Integer(), nullable=True),
        sa.Column("approved_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("used", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["approved_by"],
            ["staff_user.id"],
        ),
        sa.ForeignKeyConstraint(
            ["chat_id"],
            ["tweet_chat.id"],
        ),
        sa.ForeignKeyConstraint(
            ["prepared_by"],
            ["staff_user.id"],
        ),
        sa.ForeignKeyConstraint(
            ["question_id"],
            ["chat_question.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_chat_answer_chat", "chat_answer", ["chat_id"], unique=False)
    op.create_table(
        "chat_post",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("chat_id", sa.Integer(), nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("language", sa.String(), nullable=False),
        sa.Column("question_id", sa.Integer(), nullable=True),
        sa.Column("entry_id", sa.Integer(), nullable=True),
        sa.Column("at_seconds", sa.Integer(), nullable=True),
        sa.Column("skipped_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("made_by", sa.Integer(), nullable=True),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id"],
            ["account.id"],
        ),
        sa.ForeignKeyConstraint(
            ["chat_id"],
            ["tweet_chat.id"],
        ),
        sa.ForeignKeyConstraint(
            ["made_by"],
            ["staff_user.id"],
        ),
        sa.ForeignKeyConstraint(
            ["question_id"],
            ["chat_question.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_chat_post_chat", "chat_post", ["chat_id", "at_seconds"], unique=False)
    op.create_table(
        "chat_entry",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("chat_id", sa.Integer(), nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("edit_chain", sa.String(), nullable=False),
        sa.Column("post_id", sa.Integer(), nullable=False),
        sa.Column("mention_id", sa.Integer(), nullable=True),
        sa.Column("author_id", sa.Integer(), nullable=True),
        sa.Column("heard_by", sa.String(length=40), nullable=False),
        sa.Column("said_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("seen_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("lane", sa.String(length=40), nullable=False),
        sa.Column("lane_by", sa.String(), nullable=False),
        sa.Column("lane_why", sa.String(), nullable=False),
        sa.Column("question_id", sa.Integer(), nullable=True),
        sa.Column("linked_how", sa.String(length=40), nullable=False),
        sa.Column("alike_id", sa.Integer(), nullable=True),
        sa.Column("reposts", sa.Integer(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("assigned_to", sa.Integer(), nullable=True),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("answered_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("answered_how", sa.String(length=40), nullable=True),
        sa.Column("answered_by", sa.Integer(), nullable=True),
        sa.Column("chosen", sa.Boolean(), nullable=False),
        sa.Column("hidden_by", sa.Integer(), nullable=True),
        sa.ForeignKeyConstraint(
            ["account_id"],
            ["account.id"],
        ),
        sa.ForeignKeyConstraint(
            ["author_id"],
            ["author.id"],
        ),
        sa.ForeignKeyConstraint(
            ["chat_id"],
            ["tweet_chat.id"],
        ),
        sa.ForeignKeyConstraint(
            ["post_id"],
            ["post.id"],
        ),
        sa.ForeignKeyConstraint(
            ["question_id"],
            ["chat_question.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("chat_id", "account_id", "edit_chain"),
    )
    op.create_index("ix_chat_entry_alike", "chat_entry", ["alike_id"], unique=False)
    op.create_index("ix_chat_entry_lane", "chat_entry", ["chat_id", "lane", "id"], unique=False)
    op.create_index("ix_chat_entry_mention", "chat_entry", ["mention_id"], unique=False)
    op.create_index("ix_chat_entry_post", "chat_entry", ["post_id"], unique=False)
    op.create_table(
        "moderation_act",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("state", sa.String(length=40), nullable=False),
        sa.Column("state_reason", sa.String(), nullable=False),
        sa.Column("changed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("account_id", sa.Integer(), nullable=False),
        sa.Column("author_id", sa.Integer(), nullable=False),
        sa.Column("post_id", sa.Integer(), nullable=True),
        sa.Column("mention_id", sa.Integer(), nullable=True),
        sa.Column("chat_id", sa.Integer(), nullable=True),
        sa.Column("clause_id", sa.Integer(), nullable=False),
        sa.Column("clause_words", sa.String(), nullable=False),
        sa.Column("why", sa.String(), nullable=False),
        sa.Column("captured", sa.JSON(none_as_null=True), nullable=False),
        sa.Column("captured_sha256", sa.String(), nullable=False),
        sa.Column("captured_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("proposed_by", sa.Integer(), nullable=False),
        sa.Column("proposed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("decided_by", sa.Integer(), nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("expires_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("on_network", sa.String(length=40), nullable=False),
        sa.Column("network_detail", sa.String(), nullable=False),
        sa.Column("notice_reply_id", sa.Integer(), nullable=True),
        sa.Column("appeal_token_sha256", sa.String(), nullable=False),
        sa.Column("appealed_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("appeal_words", sa.String(), nullable=False),
        sa.Column("appeal_decided_by", sa.Integer(), nullable=True),
        sa.Column("appeal_decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("appeal_answer", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id"],
            ["account.id"],
        ),
        sa.ForeignKeyConstraint(
            ["appeal_decided_by"],
            ["staff_user.id"],
        ),
        sa.ForeignKeyConstraint(
            ["author_id"],
            ["author.id"],
        ),
        sa.ForeignKeyConstraint(
            ["chat_id"],
            ["tweet_chat.id"],
        ),
        sa.ForeignKeyConstraint(
            ["clause_id"],
            ["moderation_clause.id"],
        ),
        sa.ForeignKeyConstraint(
            ["decided_by"],
            ["staff_user.id"],
        ),
        sa.ForeignKeyConstraint(
            ["mention_id"],
            ["mention.id"],
        ),
        sa.ForeignKeyConstraint(
            ["post_id"],
            ["post.id"],
        ),
        sa.ForeignKeyConstraint(
            ["proposed_by"],
            ["staff_user.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_moderation_act_author", "moderation_act", ["author_id"], unique=False)
    op.create_index("ix_moderation_act_chat", "moderation_act", ["chat_id"], unique=False)
    op.create_index("ix_moderation_act_open", "moderation_act", ["state", "expires_at"], unique=False)
    op.create_table(
        "chat_task",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("chat_id", sa.Integer(), nullable=False),
        sa.Column("entry_id", sa.Integer(), nullable=True),
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("words", sa.String(), nullable=False),
        sa.Column("owner_id", sa.Integer(), nullable=True),
        sa.Column("owner_name", sa.String(), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=True),
        sa.Column("made_by", sa.Integer(), nullable=True),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("done_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("done_by", sa.Integer(), nullable=True),
        sa.Column("outcome", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(
            ["chat_id"],
            ["tweet_chat.id"],
        ),
        sa.ForeignKeyConstraint(
            ["done_by"],
            ["staff_user.id"],
        ),
        sa.ForeignKeyConstraint(
            ["entry_id"],
            ["chat_entry.id"],
        ),
        sa.ForeignKeyConstraint(
            ["made_by"],
            ["staff_user.id"],
        ),
        sa.ForeignKeyConstraint(
            ["owner_id"],
            ["staff_user.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_chat_task_chat", "chat_task", ["chat_id"], unique=False)
    op.create_index("ix_chat_task_open", "chat_task", ["done_at", "due_on"], unique=False)
