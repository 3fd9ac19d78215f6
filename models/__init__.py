"""The language of the field: tables, states and the values that cross a boundary. Imports nothing of ours."""

from sqlalchemy import MetaData
from sqlmodel import SQLModel

from models.channels import CHANNELS, Account, AccountHealth, Channel, ChannelFacts, Gap
from models.database import Database, utc_now
from models.labels import Label, LabelSource
from models.lifecycle import IllegalTransition, MentionState, ReplyState, RequestState
from models.mentions import (
    Alarm,
    Attachment,
    Contribution,
    Evidence,
    EvidenceKind,
    Explanation,
    Guess,
    Intent,
    LabelTask,
    Mention,
    Post,
    Problem,
    Understanding,
    UnreadablePost,
)
from models.people import Author, Conversation
from models.referrals import Referral
from models.replies import AttemptOutcome, Purpose, Reply, ReplyTemplate, SendAttempt
from models.requests import Need, Service, ServiceRequest, ServiceType
from models.staff import AuditEntry, Decision, Review, Role, SignIn, StaffUser
from models.transitions import advance, record

__all__ = [
    "CHANNELS",
    "Account",
    "AccountHealth",
    "Alarm",
    "Attachment",
    "AttemptOutcome",
    "AuditEntry",
    "Author",
    "Channel",
    "ChannelFacts",
    "Contribution",
    "Conversation",
    "Database",
    "Decision",
    "Evidence",
    "EvidenceKind",
    "Explanation",
    "Gap",
    "Guess",
    "IllegalTransition",
    "Intent",
    "Label",
    "LabelSource",
    "LabelTask",
    "Mention",
    "MentionState",
    "Need",
    "Post",
    "Problem",
    "Purpose",
    "Referral",
    "Reply",
    "ReplyState",
    "ReplyTemplate",
    "RequestState",
    "Review",
    "Role",
    "SendAttempt",
    "Service",
    "ServiceRequest",
    "ServiceType",
    "SignIn",
    "StaffUser",
    "Understanding",
    "UnreadablePost",
    "advance",
    "record",
    "tables",
    "utc_now",
]


def tables() -> MetaData:
    """Every table of the product; importing this package has declared them all."""
    return SQLModel.metadata
