"""From settings to working parts. The only place that knows every package."""

import logging
import os
import secrets
from datetime import timedelta
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from classifier.drafting import describe
from classifier.redaction import redact
from hark311 import adapters
from hark311.chat_boards import board_reader_of
from hark311.cities import client_of
from hark311.console.auth import issue_link
from hark311.embedded import redis_url
from hark311.escalating import Escalation
from hark311.jobs import Nudger
from hark311.metering import Meter
from hark311.notices import Notices
from hark311.paging import Pager, notifiers
from hark311.polling import Polling
from hark311.prices import load_prices
from hark311.private_details import FindKinds
from hark311.product import Nudge, Product, Redact
from hark311.rates import Rates
from hark311.seeding import seed
from hark311.settings import AccountSettings, Settings, XAccount, is_loopback
from hark311.simulated import accounts_of, city_of
from hark311.staffing import OPERATOR, NotDone, ensure_admin, ensure_staff
from hark311.tolls import Tolls
from hark311.trained import Looking, TrainedModels, files_of, prepare_models
from hark311.turns import Turns
from hark311.whose import WhoseIsIt
from listeners.counting import compare_with_channel
from listeners.gaps import refill_a_page
from listeners.hearing import Hearing
from listeners.lanes import count_rules, hear_lanes, hear_stream
from listeners.protocol import Listener, Streams
from listeners.registry import listener_class
from models import (
    Channel,
    Database,
    Role,
    migrations,
    record,
    utc_now,
)
from models.job_names import UNDERSTAND
from responders.giving_up import Unanswered
from responders.may_reply import ByHand, Speaking
from responders.open311 import Open311City
from responders.outbox import Outbox
from responders.pacing import Pacing
from responders.protocol import Responder
from responders.quiet import Quiet
from responders.recipients import OpenRecipient, no_other
from responders.registry import length_of, responder_class
from responders.review import Desk
from responders.submission import Submission
from responders.suggesting import Suggester

if TYPE_CHECKING:
    from classifier.cascade import FollowingClassifier
    from classifier.protocol import FindsPlaces
    from classifier.reading import Reader
    from hark311.gazetteers import GazetteerAtWork

log = logging.getLogger(__name__)

DATABASE_FILE = "hark.db"
BESIDE = (hear_lanes, count_rules, refill_a_page, compare_with_channel)
"""What an account hears beside its mentions, in this order."""
SAFETY_NET_SECONDS = 30.0
"""Well within the lease of a listener, so that no other worker takes over between two looks."""


def database_of(settings: Settings) -> Database:
    """The database by URL, or the embedded one of the data directory."""
    if settings.database_url:
        return Database(settings.database_url.get_secret_value())
    settings.data.mkdir(mode=0o700, parents=True, exist_ok=True)
    return Database.in_file(settings.data / DATABASE_FILE)


def prepare(settings: Settings, database: Database) -> tuple[str | None, str]:
    """Upgrade the schema and make sure of accounts, services and templates; returns (revision before, now)."""
    revisions = migrations.upgrade(database)
    with database.write() as session:
        seed(session, settings)
    return revisions


def secret_key_of(settings: Settings) -> str:
    """The key that signs form tokens: from the settings, else made once and kept in the data directory."""
    if settings.secret_key:
        return settings.secret_key.get_secret_value()
    file = settings.data / "secret.key"
    if not file.exists():
        _write_once(file, secrets.token_urlsafe(48))
    return file.read_text()


def _write_once(file: Path, text: str) -> None:
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    try:
        with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as opened:
            opened.write(text)
    except FileExistsError:
        return  # another process of ours was quicker


def private_kinds(settings: Settings) -> FindKinds:
    """What is private in a text: the kinds found, without the city's own numbers."""
    return FindKinds(frozenset(settings.city_phone_numbers))


def redact_for(settings: Settings) -> Redact:
    """Takes private details out of a text, but the city's own numbers."""
    ours = frozenset(settings.city_phone_numbers)
    return lambda text: redact(text, ours)


def desk_of(settings: Settings, database: Database) -> Desk:
    return Desk(
        database=database,
        length_of=length_of,
        find_private=private_kinds(settings),
        hold=timedelta(seconds=settings.hold_seconds),
        lease=timedelta(minutes=settings.claim_minutes),
        speaking=speaking_of(settings),
        zone=ZoneInfo(settings.city_time_zone),
    )


def speaking_of(settings: Settings) -> dict[str, Speaking]:
    """What each account may say, by its name."""
    return {
        name: Speaking(
            enabled=account.enabled,
            read_only=account.read_only,
            by_hand=ByHand(account.assisted_posts),
            answer_hours=account.answer_hours,
            privacy_url=account.privacy_url,
            sign_off=account.sign_off,
            unsummoned=isinstance(account, XAccount) and account.tier == "enterprise",
            quiet=Quiet.of(
                settings.quiet_hours if account.quiet_hours is None else account.quiet_hours, settings.city_time_zone
            ),
            number_forms=tuple(settings.city_number_formats),
            status_page=settings.status_page,
        )
        for name, account in accounts_of(settings).items()
    }


def nudger_of(settings: Settings) -> Nudger:
    return Nudger(redis_url(settings), hold=timedelta(seconds=settings.hold_seconds))


def product_of(settings: Settings, nudge: Nudge | None = None) -> Product:
    """What the console works with."""
    database = database_of(settings)
    looking, places = Looking(settings, database), cache(lambda: places_of(settings, database))
    return Product(
        settings=settings,
        database=database,
        desk=desk_of(settings, database),
        nudge=nudge or nudger_of(settings),
        secret_key=secret_key_of(settings),
        explainer=looking,
        models=TrainedModels(files_of(settings)),
        suggest_category=looking.suggest_category,
        locate=lambda text: places().now.locate(text),
        responsibility_of=WhoseIsIt(database, lambda: places().now.gazetteer, looking.suggest_category),
        private_details=private_kinds(settings).details,
        redact=redact_for(settings),
        prices=load_prices(settings.prices),
        rates=rates_of(settings),
    )


def classifier_of(settings: Settings, places: "FindsPlaces | None" = None) -> "FollowingClassifier":
    """The classifier with the models of the data directory. Loads spaCy, so only processes that understand text do.

    `places`: the city's gazetteer; without one, places are found by patterns alone.
    """
    from classifier.cascade import FollowingClassifier

    return FollowingClassifier(prepare_models(settings), places)


def places_of(settings: Settings, database: Database, city: str = "") -> "GazetteerAtWork":
    """The city's gazetteer, or another city's, followed. Loaded at first use; that takes seconds for a large city."""
    from hark311.gazetteers import GazetteerAtWork

    return GazetteerAtWork(database, city or settings.city)


def reader_of(settings: Settings, database: Database) -> "Reader":
    from classifier.reading import Reader

    places = places_of(settings, database)
    return Reader(database, classifier_of(settings, places), keep=frozenset(settings.city_phone_numbers), places=places)


def suggester_of(settings: Settings, database: Database) -> Suggester:
    return Suggester(
        database,
        length_of,
        private_kinds(settings),
        zone=ZoneInfo(settings.city_time_zone),
        speaking=speaking_of(settings),
        board_reader=board_reader_of(settings),
        describe=partial(describe, keep=frozenset(settings.city_phone_numbers)),
    )


def unanswered_of(settings: Settings, database: Database) -> Unanswered:
    """What looks after the questions that residents do not answer."""
    return Unanswered(database, timedelta(hours=settings.ask_remind_hours), timedelta(hours=settings.ask_give_up_hours))


def rates_of(settings: Settings) -> Rates:
    return Rates(redis_url(settings))


def tolls_of(settings: Settings, database: Database) -> Tolls:
    """What counts the calls of this process. Its meter is to be written every few seconds (Meter.keep_writing)."""
    rates = rates_of(settings)
    return Tolls(Meter(database, load_prices(settings.prices), rates), rates)


def turns_of(settings: Settings, tolls: Tolls) -> Turns:
    """Whose turn it is to send."""
    ceilings = {name: account.monthly_ceiling for name, account in accounts_of(settings).items()}
    return Turns(tolls.meter, tolls.rates, ceilings)


def listeners_of(settings: Settings, tolls: Tolls | None = None) -> dict[str, tuple[AccountSettings, Listener]]:
    """A listener per account that is switched on. Enter each before use."""
    return {
        name: (
            account,
            listener_class(Channel(account.channel))(**adapters.listener_arguments(settings, name, account, tolls)),
        )
        for name, account in accounts_of(settings).items()
        if account.enabled
    }


def responders_of(settings: Settings, tolls: Tolls | None = None) -> dict[str, Responder]:
    """A responder per account that may speak. Enter each before use."""
    return {
        name: responder_class(Channel(account.channel))(**adapters.responder_arguments(settings, name, account, tolls))
        for name, account in accounts_of(settings).items()
        if account.enabled and not account.read_only
    }


def hearings_of(
    settings: Settings, database: Database, nudge: Nudge, holder: str, tolls: Tolls | None = None
) -> list[Hearing]:
    """An ear per account."""
    zone = ZoneInfo(settings.city_time_zone)

    async def heard() -> None:
        await nudge(UNDERSTAND)

    return [
        Hearing(
            database=database,
            account_name=name,
            listener=listener,
            holder=holder,
            heard=heard,
            poll_every=timedelta(seconds=_pause_of(account)),
            ask_backfill=account.backfill == "ask",
            beside=BESIDE,
            at_once=hear_stream if isinstance(listener, Streams) else None,
            **_within_the_budget(name, account, tolls, zone),
        )
        for name, (account, listener) in listeners_of(settings, tolls).items()
    ]


def _within_the_budget(name: str, account: AccountSettings, tolls: Tolls | None, zone: ZoneInfo) -> dict[str, Any]:
    """A channel on this machine (the simulator) costs nothing and is always looked at at the same pace."""
    if tolls is None or is_loopback(account.base_url):
        return {}
    polling = Polling(name, tolls.meter, account.monthly_ceiling, zone)
    return {"pause_of": polling, "affords": polling.affords}


def _pause_of(account: AccountSettings) -> float:
    """Seconds between two polls; where the channel calls us, polling is only the safety net."""
    return max(account.poll_seconds, SAFETY_NET_SECONDS) if account.webhooks else account.poll_seconds


def city(settings: Settings) -> Open311City:
    """The client of the city's system. Enter it before use."""
    return client_of(city_of(settings), settings)


def outbox_of(
    settings: Settings, database: Database, responders: dict[str, Responder], pacing: Pacing | None = None
) -> Outbox:
    return Outbox(
        database=database,
        responders=responders,
        zone=ZoneInfo(settings.city_time_zone),
        speaking=speaking_of(settings),
        pacing=pacing,
        answer_within=timedelta(seconds=settings.city_answer_seconds),
    )


def submission_of(
    settings: Settings, database: Database, open311: Open311City | None, open_recipient: OpenRecipient = no_other
) -> Submission:
    """`open_recipient`: what requests are filed with that do not go to the city (`hark311.recipients.Recipients`)."""
    return Submission(database, open311, open_recipient=open_recipient, photos_at=settings.status_page)


def pager_of(settings: Settings, database: Database) -> Pager:
    return Pager(
        database,
        notifiers(settings.notify),
        settings.desk_url,
        steps_at=Escalation(settings.notify, simulated=settings.simulated),
        decide_within=timedelta(minutes=settings.notify.decide_minutes),
    )


def notices_of(settings: Settings, database: Database) -> Notices:
    return Notices(database, notifiers(settings.notify), settings.desk_url, accounts_of(settings))


def sign_in_link(settings: Settings, database: Database, name: str = "Supervisor", role: Role | None = None) -> str:
    """A one-time sign-in link for a person, who is added to the staff if new.

    Without a role it is for whoever looks after this desk: an admin, unless there is one already. Raises ValueError
    for a name that is none, NotDone for a person who left.
    """
    with database.write() as session:
        staff = ensure_staff(session, name, role) if role else ensure_admin(session, name)
        if not staff.active:
            raise NotDone(f"{staff.display_name} does not work here now.")
        now = utc_now()
        secret = issue_link(session, staff, now)
        record(session, "StaffUser", staff.id or 0, OPERATOR, "given a sign-in link", now)
    return f"{settings.desk_url}/sign-in/{secret}"
