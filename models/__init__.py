"""The language of the field: tables, states and the values that cross a boundary. Imports nothing of ours."""

from sqlalchemy import MetaData
from sqlmodel import SQLModel

from models.channels import CHANNELS, Account, AccountHealth, Channel, ChannelFacts, Gap, Lane, ListeningRule
from models.database import Database, utc_now
from models.geocoding import GeocodeAnswer, GeocoderTurn
from models.labels import Label, LabelSource
from models.ledger import ComplianceJob, ComplianceState, IntakeDay, Spend
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
from models.neighbours import (
    NeighbourKey,
    NeighbourMark,
    NeighbourRelation,
    NeighbourSuggestion,
    NeighbourVerdict,
    ServiceReach,
)
from models.people import Author, Conversation
from models.places import AreaKind, Candidate, Feature, FeatureKind, LayerKind, PlaceFeature, PlaceLayer
from models.referrals import Referral
from models.replies import AttemptOutcome, Purpose, Reply, ReplyTemplate, SendAttempt
from models.requests import Need, Service, ServiceRequest, ServiceType
from models.responsibility import RoadOwner
from models.staff import AuditEntry, Decision, Review, Role, SignIn, StaffUser
from models.standing import StandingApproval, StartLink
from models.transitions import advance, record

__all__ = [
    "CHANNELS",
    "Account",
    "AccountHealth",
    "Alarm",
    "AreaKind",
    "Attachment",
    "AttemptOutcome",
    "AuditEntry",
    "Author",
    "Candidate",
    "Channel",
    "ChannelFacts",
    "ComplianceJob",
    "ComplianceState",
    "Contribution",
    "Conversation",
    "Database",
    "Decision",
    "Evidence",
    "EvidenceKind",
    "Explanation",
    "Feature",
    "FeatureKind",
    "Gap",
    "GeocodeAnswer",
    "GeocoderTurn",
    "Guess",
    "IllegalTransition",
    "IntakeDay",
    "Intent",
    "Label",
    "LabelSource",
    "LabelTask",
    "Lane",
    "LayerKind",
    "ListeningRule",
    "Mention",
    "MentionState",
    "Need",
    "NeighbourKey",
    "NeighbourMark",
    "NeighbourRelation",
    "NeighbourSuggestion",
    "NeighbourVerdict",
    "PlaceFeature",
    "PlaceLayer",
    "Post",
    "Problem",
    "Purpose",
    "Referral",
    "Reply",
    "ReplyState",
    "ReplyTemplate",
    "RequestState",
    "Review",
    "RoadOwner",
    "Role",
    "SendAttempt",
    "Service",
    "ServiceReach",
    "ServiceRequest",
    "ServiceType",
    "SignIn",
    "Spend",
    "StaffUser",
    "StandingApproval",
    "StartLink",
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
