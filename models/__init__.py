"""The language of the field: tables, states and the values that cross a boundary. Imports nothing of ours."""

from sqlalchemy import MetaData
from sqlmodel import SQLModel

from models.asking import AskedQuestion, AskedState
from models.assignments import Absence, AssignmentRule, WorkingTime
from models.attributes import Datatype, ServiceAttribute
from models.business_time import Promise, PromiseUnit, Timetable
from models.calendars import Calendar, CalendarDay, CalendarDesk, CalendarOpening, ServicePromise, Stoppage
from models.channels import CHANNELS, Account, AccountHealth, Channel, ChannelFacts, Gap, Lane, ListeningRule
from models.chats import (
    AnsweredHow,
    ChatAnswer,
    ChatEntry,
    ChatLane,
    ChatNetwork,
    ChatPart,
    ChatPerson,
    ChatPost,
    ChatPostKind,
    ChatQuestion,
    ChatRecap,
    ChatTask,
    ChatTaskKind,
    HeardBy,
    LinkedHow,
    TweetChat,
)
from models.city_cursors import CityCursor, CityList
from models.database import Database, utc_now
from models.destinations import Destination, DestinationKind, ServiceDestination
from models.escalation import AlarmPage, EscalationStep
from models.fixed import FixedQuestion
from models.freezes import Freeze, freezes_in_force
from models.geocoding import GeocodeAnswer, GeocoderTurn
from models.handovers import Handover, HandoverRead
from models.jurisdictions import HandOff, Jurisdiction
from models.keys import HandedOn, KeyRule, RuleAbout, handed_on
from models.knowledge import AnswerLength, KnowledgeAnswer, KnowledgeCard
from models.labels import Label, LabelSource
from models.ledger import ComplianceJob, ComplianceState, IntakeDay, Spend
from models.lifecycle import (
    ChatState,
    FixedState,
    IllegalTransition,
    MentionState,
    ModerationState,
    ReplyState,
    RequestState,
)
from models.mentions import Alarm, Attachment, Mention, Post, UnreadablePost
from models.moderation import ModerationAct, ModerationClause, ModerationKind, OnNetwork
from models.neighbours import (
    NeighbourKey,
    NeighbourMark,
    NeighbourRelation,
    NeighbourSuggestion,
    NeighbourVerdict,
    ServiceReach,
)
from models.notes import NamedInNote, Note
from models.partners import Partner, PartnerPhoto, PartnerReport
from models.people import Author, Conversation
from models.phrases import BannedPhrase
from models.pictures import ReplyPicture
from models.places import AreaKind, Candidate, Feature, FeatureKind, LayerKind, PlaceFeature, PlaceLayer
from models.preferences import StaffPreference, Theme, preference_of
from models.presence import Presence
from models.private_moves import PrivateMove
from models.referrals import Referral
from models.replies import AttemptOutcome, Purpose, Reply, ReplyTemplate, SendAttempt
from models.requests import Need, PromiseMark, Service, ServiceRequest, ServiceType
from models.responsibility import RoadOwner
from models.saved_views import SavedView
from models.scopes import Scope, ScopeKind, StaffScope, scope_of
from models.search import MentionWords
from models.staff import POWERS, AuditEntry, Decision, Power, RecoveryCode, Review, Role, SignIn, StaffUser
from models.standing import StandingApproval, StartLink
from models.status_links import CityNumber, StatusLink
from models.statuses import NoticeState, Outcome, StatusNotice, StatusRule, StatusUpdate, UpdateSource
from models.thumbnails import Thumbnail
from models.transitions import advance, record
from models.translations import Translation
from models.understandings import (
    Contribution,
    Evidence,
    EvidenceKind,
    Explanation,
    Guess,
    Intent,
    LabelTask,
    Problem,
    Understanding,
)
from models.versions import ReplyVersion, VersionSource

__all__ = [
    "CHANNELS",
    "POWERS",
    "Absence",
    "Account",
    "AccountHealth",
    "Alarm",
    "AlarmPage",
    "AnswerLength",
    "AnsweredHow",
    "AreaKind",
    "AskedQuestion",
    "AskedState",
    "AssignmentRule",
    "Attachment",
    "AttemptOutcome",
    "AuditEntry",
    "Author",
    "BannedPhrase",
    "Calendar",
    "CalendarDay",
    "CalendarDesk",
    "CalendarOpening",
    "Candidate",
    "Channel",
    "ChannelFacts",
    "ChatAnswer",
    "ChatEntry",
    "ChatLane",
    "ChatNetwork",
    "ChatPart",
    "ChatPerson",
    "ChatPost",
    "ChatPostKind",
    "ChatQuestion",
    "ChatRecap",
    "ChatState",
    "ChatTask",
    "ChatTaskKind",
    "CityCursor",
    "CityList",
    "CityNumber",
    "ComplianceJob",
    "ComplianceState",
    "Contribution",
    "Conversation",
    "Database",
    "Datatype",
    "Decision",
    "Destination",
    "DestinationKind",
    "EscalationStep",
    "Evidence",
    "EvidenceKind",
    "Explanation",
    "Feature",
    "FeatureKind",
    "FixedQuestion",
    "FixedState",
    "Freeze",
    "Gap",
    "GeocodeAnswer",
    "GeocoderTurn",
    "Guess",
    "HandOff",
    "HandedOn",
    "Handover",
    "HandoverRead",
    "HeardBy",
    "IllegalTransition",
    "IntakeDay",
    "Intent",
    "Jurisdiction",
    "KeyRule",
    "KnowledgeAnswer",
    "KnowledgeCard",
    "Label",
    "LabelSource",
    "LabelTask",
    "Lane",
    "LayerKind",
    "LinkedHow",
    "ListeningRule",
    "Mention",
    "MentionState",
    "MentionWords",
    "ModerationAct",
    "ModerationClause",
    "ModerationKind",
    "ModerationState",
    "NamedInNote",
    "Need",
    "NeighbourKey",
    "NeighbourMark",
    "NeighbourRelation",
    "NeighbourSuggestion",
    "NeighbourVerdict",
    "Note",
    "NoticeState",
    "OnNetwork",
    "Outcome",
    "Partner",
    "PartnerPhoto",
    "PartnerReport",
    "PlaceFeature",
    "PlaceLayer",
    "Post",
    "Power",
    "Presence",
    "PrivateMove",
    "Problem",
    "Promise",
    "PromiseMark",
    "PromiseUnit",
    "Purpose",
    "RecoveryCode",
    "Referral",
    "Reply",
    "ReplyPicture",
    "ReplyState",
    "ReplyTemplate",
    "ReplyVersion",
    "RequestState",
    "Review",
    "RoadOwner",
    "Role",
    "RuleAbout",
    "SavedView",
    "Scope",
    "ScopeKind",
    "SendAttempt",
    "Service",
    "ServiceAttribute",
    "ServiceDestination",
    "ServicePromise",
    "ServiceReach",
    "ServiceRequest",
    "ServiceType",
    "SignIn",
    "Spend",
    "StaffPreference",
    "StaffScope",
    "StaffUser",
    "StandingApproval",
    "StartLink",
    "StatusLink",
    "StatusNotice",
    "StatusRule",
    "StatusUpdate",
    "Stoppage",
    "Theme",
    "Thumbnail",
    "Timetable",
    "Translation",
    "TweetChat",
    "Understanding",
    "UnreadablePost",
    "UpdateSource",
    "VersionSource",
    "WorkingTime",
    "advance",
    "freezes_in_force",
    "handed_on",
    "preference_of",
    "record",
    "scope_of",
    "tables",
    "utc_now",
]


def tables() -> MetaData:
    """Every table of the product; importing this package has declared them all."""
    return SQLModel.metadata
