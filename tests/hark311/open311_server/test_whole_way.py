"""A partner's report on its whole way: understood, approved without a reply, filed, and read by both numbers."""

from dataclasses import replace
from datetime import timedelta
from zoneinfo import ZoneInfo

from sqlmodel import select

from hark311 import wiring
from hark311.open311_server.callers import Caller
from hark311.open311_server.reading import Report, UpdateReported, asked_list
from hark311.open311_server.showing import Showing
from hark311.open311_server.taking import Receipt, Taking
from hark311.partnering import Wanted, make_partner
from hark311.simulator.pictures import draw_png
from models import Alarm, Database, Mention, MentionState, Partner, PartnerReport, Reply, RequestState, ServiceRequest
from responders.illustrating import prepared
from responders.may_reply import Bar
from tests.hark311.open311_server.city import file, make_city_services
from tests.rows import MORNING
from tests.town import Town


def _report(town: Town, description: str) -> tuple[Partner, Receipt, int]:
    """(the partner, what they are told, the mention it became)"""
    report = Report("POTHOLE", description, 39.9526, -75.1652, "5th St and Market St", "", {})
    with town.database.write() as session:
        partner, _ = make_partner(session, Wanted("Police liaison"), "operator", None, town.clock())
        receipt = Taking("http://127.0.0.1/photos").report(session, partner, report, [], None, town.clock())
        made = session.exec(select(PartnerReport)).one()
    return partner, receipt, made.mention_id


def test_a_partners_report_is_filed_as_they_chose_it_and_answered_by_nobody(town: Town) -> None:
    partner, receipt, mention_id = _report(town, "stop")  # no command of a resident's, and chatter to the classifier
    town.understand()
    (mention,) = town.mentions(MentionState.DRAFTED)
    request = town.request_of(mention_id)
    assert (request.service_code, request.description, request.reference) == ("POTHOLE", "stop", receipt.reference)
    assert request.missing == []
    with town.database.read() as session:
        assert session.exec(select(Reply)).all() == []
        verdict = town.desk.may_reply(session, session.get_one(Mention, mention.id))
    assert (verdict.bar, verdict.by_hand) == (Bar.READS_HERE, False)
    town.approve(mention_id, send_reply=False)
    town.deliver()
    request = town.request_of(mention_id)
    assert request.state == RequestState.SUBMITTED
    assert town.mentions()[0].state == MentionState.CLOSED
    showing = Showing(wiring.private_kinds(town.settings).details, ZoneInfo("America/New_York"))
    caller = Caller(partner, public=False)
    with town.database.read() as session:
        told = [
            showing.shape(showing.one(session, caller, number), caller)
            for number in (receipt.reference, request.service_request_id or "")
        ]
    assert told[0] == told[1]
    assert (told[0]["service_request_id"], told[0]["status"]) == (receipt.reference, "open")
    assert told[0]["expected_datetime"]


def test_a_danger_in_a_partners_report_raises_an_alarm(town: Town) -> None:
    _, _, mention_id = _report(town, "Strong smell of gas from the hole, people feel sick")
    town.understand()
    with town.database.read() as session:
        assert session.exec(select(Alarm)).one().mention_id == mention_id
        assert session.get_one(Mention, mention_id).danger
    assert town.request_of(mention_id).service_code == "POTHOLE"


def test_both_databases_take_a_report_and_show_it(either_database: Database) -> None:
    report = Report("POTHOLE", "Deep hole", 39.95, -75.16, "", "", {}, ("phone-7", ""))
    showing, photo = Showing(lambda text: [], ZoneInfo("UTC")), prepared(draw_png("a hole"))
    with either_database.write() as session:
        make_city_services(session)
        partner, _ = make_partner(session, Wanted("Police liaison"), "operator", None, MORNING)
        taking = Taking("http://127.0.0.1/photos")
        first = taking.report(session, partner, report, [], photo, MORNING)
        assert taking.report(session, partner, report, [], photo, MORNING) == replace(first, again=True)
        request = session.exec(select(ServiceRequest)).one()
    caller = Caller(partner, public=False)
    asked = asked_list({"status": "open", "service_code": "POTHOLE"}, MORNING + timedelta(days=1))
    with either_database.write() as session:
        (waiting,) = showing.listed(session, caller, asked)
        assert showing.listed(session, Caller(None, public=True), asked) == []
        file(session, session.get_one(ServiceRequest, request.id), "0017")
        shown = showing.one(session, Caller(partner, public=True), "0017")
        told = UpdateReported("u1", "0017", "fixed", "Rolled flat.", MORNING, "")
        partner.may_update = True
        update_id = taking.update(session, partner, shown, told, MORNING)
        assert taking.update(session, partner, shown, told, MORNING) == update_id
        (update,) = showing.updates(session, caller, asked)
        (closed,) = showing.listed(session, Caller(None, public=True), replace(asked, statuses=frozenset({"closed"})))
    assert waiting["service_request_id"] == closed["service_request_id"] == first.reference
    assert (update["update_id"], update["status"], closed["status_notes"]) == (update_id, "CLOSED", "Rolled flat.")
