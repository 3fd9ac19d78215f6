"""What a database begins with, and gets again with every new version: accounts, and what we ship for a city."""

import logging
from datetime import UTC, datetime

from sqlmodel import Session, select

from hark311.settings import AccountSettings, Settings
from hark311.simulated import accounts_of
from hark311.starter import (
    load_cards,
    load_key_rules,
    load_phrases,
    load_referrals,
    load_road_owners,
    load_services,
    load_status_rules,
    load_templates,
)
from hark311.starter.moderation import load_policy
from models import (
    Account,
    BannedPhrase,
    Channel,
    KeyRule,
    KnowledgeCard,
    LayerKind,
    ModerationClause,
    Referral,
    ReplyTemplate,
    RoadOwner,
    Service,
    StatusRule,
    utc_now,
)
from models.place_layers import add_layer, all_layers

log = logging.getLogger(__name__)

STARTER_CITIES = ("philadelphia",)
"""The cities we know enough of to begin with; classifier.places.starter holds what."""


def seed(session: Session, settings: Settings) -> None:
    """Add what is missing. What staff changed, retired or put away stays as they left it."""
    _accounts(session, accounts_of(settings))
    _starter(session)
    if settings.simulated:
        _cards(session)
    _gazetteer(session, settings.city)


def _accounts(session: Session, accounts: dict[str, AccountSettings]) -> None:
    known = {one.name: one for one in session.exec(select(Account)).all()}
    for name, account in accounts.items():
        row = known.get(name) or Account(name=name, channel=Channel(account.channel))
        ends = account.key_expires
        row.key_expires_at = datetime(ends.year, ends.month, ends.day, tzinfo=UTC) if ends else None
        session.add(row)


def _starter(session: Session) -> None:
    known = set(session.exec(select(Service.service_code)).all())
    session.add_all(one for one in load_services() if one.service_code not in known)
    referred = set(session.exec(select(Referral.danger)).all())
    session.add_all(one for one in load_referrals() if one.danger not in referred)
    owned = set(session.exec(select(RoadOwner.code)).all())
    session.add_all(one for one in load_road_owners() if one.code not in owned)
    ruled = set(session.exec(select(KeyRule.starter)).all())
    session.add_all(one for one in load_key_rules() if one.starter not in ruled)
    banned = set(session.exec(select(BannedPhrase.phrase, BannedPhrase.language)).all())
    session.add_all(one for one in load_phrases() if (one.phrase, one.language) not in banned)
    judged = set(session.exec(select(StatusRule.phrase)).all())
    session.add_all(one for one in load_status_rules() if one.phrase not in judged)
    if session.exec(select(ModerationClause.id).limit(1)).first() is None:
        session.add_all(load_policy(utc_now()))
    have = set(session.exec(select(ReplyTemplate.key, ReplyTemplate.language)).all())
    session.add_all(one for one in load_templates() if (one.key, one.language) not in have)


def _cards(session: Session) -> None:
    """The simulated city answers a few questions from the first day; a card that was changed or put away stays so."""
    if session.exec(select(KnowledgeCard.id).limit(1)).first() is not None:
        return
    for card, answers in load_cards(utc_now()):
        session.add(card)
        session.flush()
        for answer in answers:
            answer.card_id = card.id or 0
            session.add(answer)


def _gazetteer(session: Session, city: str) -> None:
    """What we know of the city ourselves, once: a layer that was retired does not come back."""
    if city in STARTER_CITIES and not any(one.kind == LayerKind.STARTER for one in all_layers(session, city)):
        from classifier.places.starter import starter_features  # shapely takes a moment, which later starts need not

        layer = add_layer(session, city, LayerKind.STARTER, "starter", starter_features(city), attribution="hark311")
        log.info("The starter gazetteer of %s is there: %d features.", city, layer.features)
