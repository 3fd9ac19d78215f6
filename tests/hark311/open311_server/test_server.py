"""Our own Open311 endpoint over HTTP: what it tells, what it takes, and what it refuses."""

import asyncio
import io
import json
import re
from datetime import timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from PIL import Image
from sqlmodel import select

from hark311.console.guard import BODY_LIMIT
from models import (
    Attachment,
    AuditEntry,
    PartnerPhoto,
    PartnerReport,
    Post,
    RequestState,
    ServiceRequest,
    StatusNotice,
    StatusUpdate,
    Thumbnail,
    UpdateSource,
    advance,
)
from models.job_names import UNDERSTAND
from responders.open311 import Open311City
from responders.open311_calls import Format
from tests.hark311.open311_server.city import HERE, City, read_xml
from tests.hark311.open311_server.conftest import NOON, StartCity

SCHEMAS = Path(__file__).parents[3].parent / "shared/data/open311_schemas"
OURS = re.compile(r"H-[0-9A-Z]{8}")


def _photo() -> bytes:
    """A JPEG that says where it was taken, larger than any form of the desk."""
    picture, exif = Image.effect_noise((900, 700), 120).convert("RGB"), Image.Exif()
    exif[0x010E] = "at my door"
    written = io.BytesIO()
    picture.save(written, "JPEG", quality=95, exif=exif)
    assert len(written.getvalue()) > BODY_LIMIT
    return written.getvalue()


def test_discovery_and_services_are_open_to_anybody_in_both_formats(city: City) -> None:
    found = city.get("/discovery.json")
    assert found.headers["content-type"] == "application/json"
    (endpoint,) = found.json()["endpoints"]
    assert endpoint["url"] == f"{city.url}/open311/v2"
    assert endpoint["formats"] == ["text/xml", "application/json"]
    assert "it@riverton.example" in found.json()["key_service"]
    told = city.get("/v2/services.xml")
    assert told.headers["content-type"] == "text/xml; charset=utf-8"
    services = read_xml(told)
    assert (services.tag, {one.tag for one in services}) == ("services", {"service"})
    by_code = {one.findtext("service_code"): one for one in services}
    assert set(by_code) == {"POTHOLE", "007", "TREE", "LAMP"}
    assert by_code["LAMP"].findtext("metadata") == "true"
    assert by_code["TREE"].findtext("type") == "batch"
    asked = city.get("/v2/services/LAMP.json").json()["attributes"]
    assert [one["order"] for one in asked] == list(range(1, 8))
    assert asked[0]["values"] == [{"key": "OUT", "name": "Dark"}, {"key": "DAY", "name": "On all day"}]
    values = read_xml(city.get("/v2/services/LAMP.xml")).findall("attributes/attribute/values/value")
    assert [one.findtext("key") for one in values] == ["OUT", "DAY", "OUT", "DAY"]
    assert read_xml(city.get("/discovery.xml")).findtext("endpoints/endpoint/formats/format")


def test_what_is_not_there_is_said_as_georeport_says_errors(city: City) -> None:
    for path, status in (
        ("/v2/services/GONE.json", 404),
        ("/v2/nothing.json", 404),
        ("/v2/services.csv", 404),
        ("/v2/requests.json", 403),
    ):
        answer = city.get(path)
        assert answer.status_code == status
        assert [set(one) for one in answer.json()] == [{"code", "description"}]
    in_xml = read_xml(city.get("/v2/services/GONE.xml"))
    assert (in_xml.tag, in_xml.findtext("error/code")) == ("errors", "404")
    deleted = city.client.delete(f"{city.url}/open311/v2/requests.json")
    assert (deleted.status_code, set(deleted.headers["allow"].split(", "))) == (405, {"GET", "HEAD", "POST"})
    assert city.client.head(f"{city.url}/open311/v2/services.json").status_code == 200
    strange = city.client.get(f"{city.url}/open311/discovery.json", headers={"host": "evil.example"})
    assert strange.status_code == 400
    assert city.get("/v2/services.json", jurisdiction_id="elsewhere").status_code == 404
    assert city.get("/v2/services.json", jurisdiction_id="riverton").status_code == 200


def test_other_sites_may_read_and_nothing_else(city: City) -> None:
    read = city.get("/v2/services.json")
    assert read.headers["access-control-allow-origin"] == "*"
    assert read.headers["x-content-type-options"] == "nosniff"
    assert "access-control-allow-origin" not in city.post("/v2/requests.json").headers
    asked = city.client.options(f"{city.url}/open311/v2/requests.json")
    assert asked.status_code == 405
    assert "access-control-allow-origin" not in asked.headers


def test_a_report_becomes_a_mention_with_its_request_drafted(city: City) -> None:
    key = city.partner()
    number = city.report(key, first_name="Dee", phone="215-555-0142", email="dee@example.org")
    assert OURS.fullmatch(number)
    mention, request = city.reported(number)
    assert (request.state, request.service_code, request.reference) == (RequestState.DRAFT, "POTHOLE", number)
    assert (request.lat, request.long, request.missing) == (39.95, -75.16, [])
    assert (mention.needs_understanding, mention.may_reply) == (True, False)
    assert mention.service_code == "POTHOLE"
    assert city.nudges == [(UNDERSTAND,)]
    with city.product.database.read() as session:
        (post,) = session.exec(select(Post)).all()
        audit = [one.by for one in session.exec(select(AuditEntry).where(AuditEntry.about == "ServiceRequest")).all()]
    assert post.text == "A hole as deep as a bucket"
    assert audit == ["partner:1"]
    everything = str(post.model_dump()) + str(request.model_dump()) + str(mention.model_dump())
    assert not any(told in everything for told in ("Dee", "0142", "dee@example.org"))
    shown = city.one(number, key)
    assert (shown["status"], shown["service_request_id"]) == ("open", number)
    assert shown["description"] == "A hole as deep as a bucket"


def test_the_answers_to_a_services_questions_come_with_it(city: City) -> None:
    key, said = city.partner(), {"service_code": "LAMP", **HERE}
    refused = city.post("/v2/requests.json", key, said, pairs=[("attribute[COUNT]", "many"), ("attribute[SIGNS]", "X")])
    assert refused.status_code == 400
    assert len(refused.json()) == 3
    assert "attribute[KIND] is required: What is wrong?" in refused.text
    pairs = [("attribute[KIND]", "OUT"), ("attribute[SIGNS][]", "OUT"), ("attribute[SIGNS][]", "DAY")]
    pairs += [
        ("attribute[POLE]", "17<b>"),
        ("attribute[COUNT]", "2"),
        ("attribute[READ]", "x"),
        ("attribute[OWN]", "y"),
    ]
    taken = city.post("/v2/requests.json", key, said, pairs=pairs)
    assert taken.status_code == 201
    mention, request = city.reported(taken.json()[0]["service_request_id"])
    assert request.attribute == {"KIND": "OUT", "SIGNS": ["OUT", "DAY"], "POLE": "17<b>", "COUNT": "2"}
    with city.product.database.read() as session:
        post = session.exec(select(Post).where(Post.mention_id == mention.id)).one()
    assert "What is wrong?: Dark" in post.text


def test_what_is_wrong_with_a_report_is_said_at_once(city: City) -> None:
    key = city.partner()
    wrong = {"service_code": "POTHOLE", "lat": "91", "long": "0", "description": "x" * 4001, "media_url": "http://a.b"}
    answer = city.post("/v2/requests.json", key, wrong)
    assert (answer.status_code, len(answer.json())) == (400, 3)
    nowhere = city.post("/v2/requests.json", key, {"service_code": "POTHOLE"})
    assert nowhere.json()[0]["description"].startswith("a location")
    assert city.post("/v2/requests.json", key, HERE).status_code == 400
    assert city.post("/v2/requests.xml", key, {"service_code": "nope", **HERE}).status_code == 404
    with city.product.database.read() as session:
        assert session.exec(select(PartnerReport)).all() == []


def test_a_key_opens_what_it_is_for_until_it_is_revoked(city: City) -> None:
    reader = city.partner("Reader", may_report=False)
    writer = city.partner("Writer", may_read=False)
    said = {"service_code": "POTHOLE", **HERE}
    assert city.post("/v2/requests.json", "", said).status_code == 403
    assert city.post("/v2/requests.json", "hark_wrong", said).status_code == 403
    assert city.post("/v2/requests.json", reader, said).status_code == 403
    number = city.report(writer)
    assert city.numbers(writer) == [number]
    assert city.numbers(reader) == []
    city.file(number, "00130753")
    assert city.numbers(reader) == [number]
    other = city.report(city.partner("Another"))
    city.file(other, "00130754")
    assert city.numbers(writer) == [number]
    city.revoke("Writer")
    assert city.get("/v2/requests.json", writer).status_code == 403
    assert city.post("/v2/requests.json", writer, said).status_code == 403


def test_the_same_report_of_a_named_device_is_one(city: City) -> None:
    key = city.partner()
    first = city.report(key, device_id="phone-7")
    said = {"service_code": "POTHOLE", "description": "A hole as deep as a bucket", "device_id": "phone-7", **HERE}
    again = city.post("/v2/requests.json", key, said)
    assert (again.status_code, again.json()[0]["service_request_id"]) == (200, first)
    assert city.report(key, device_id="phone-8") != first
    assert city.report(key) != city.report(key)
    assert city.report(city.partner("Another"), device_id="phone-7") != first
    with city.product.database.read() as session:
        kept = session.exec(select(PartnerReport)).all()
    assert len(kept) == 5
    assert "phone" not in str([one.model_dump() for one in kept])


def test_a_photo_is_encoded_anew_and_shown_once_a_person_has_approved_the_request(city: City) -> None:
    key = city.partner()
    said = {"service_code": "POTHOLE", **HERE}
    assert city.post("/v2/requests.json", key, said, files={"media": ("x.jpg", b"no picture")}).status_code == 400
    taken = city.post("/v2/requests.json", key, said, files={"media": ("x.jpg", _photo())})
    assert taken.status_code == 201
    number = taken.json()[0]["service_request_id"]
    _, request = city.reported(number)
    assert city.one(number, key)["media_url"] is None
    path = request.media_url.removeprefix(f"{city.url}/open311")
    assert city.get(path).status_code == 404
    city.file(number, "1")
    shown = city.get(path)
    assert (shown.status_code, shown.headers["content-type"]) == (200, "image/jpeg")
    assert b"at my door" not in shown.content
    with city.product.database.read() as session:
        (file,) = session.exec(select(Attachment)).all()
        assert session.get_one(Thumbnail, file.id).content
        assert session.exec(select(PartnerPhoto)).one().name == file.channel_file_id


def test_a_batch_service_answers_with_a_token_until_a_person_has_decided(city: City) -> None:
    key, other = city.partner(), city.partner("Another")
    token = city.report(key, service_code="TREE")
    assert not OURS.fullmatch(token)
    _, request = city.reported(token)
    assert city.get(f"/v2/tokens/{token}.json", key).json() == [{"service_request_id": "", "token": token}]
    assert city.numbers(key) == []
    with city.product.database.write() as session:
        request = session.get_one(ServiceRequest, request.id)
        for state in (RequestState.IN_REVIEW, RequestState.APPROVED):
            advance(session, request, state, "test", "approved")
    (told,) = city.get(f"/v2/tokens/{token}.json", key).json()
    assert told["service_request_id"] == request.reference
    assert city.numbers(key) == [request.reference]
    assert city.get("/v2/tokens/nobodys.json", other).status_code == 404
    assert city.get(f"/v2/tokens/{token}.json").status_code == 403


def test_requests_are_listed_by_number_service_status_and_time(city: City) -> None:
    key = city.partner(rate_per_minute=600)
    numbers = [city.report(key, service_code=code) for code in ("POTHOLE", "POTHOLE", "007")]
    city.file(numbers[0], "00130753", status="closed", status_notes="Filled.")
    assert city.numbers(key) == list(reversed(numbers))
    assert city.numbers(key, status="closed") == [numbers[0]]
    assert city.numbers(key, service_code="007,TREE") == [numbers[2]]
    assert city.numbers(key, page=2, page_size=2) == [numbers[0]]
    assert set(city.numbers(key, service_request_id=f"00130753,{numbers[2]}", status="open")) == {
        numbers[0],
        numbers[2],
    }
    assert city.numbers(key, service_request_id="130753") == []
    assert city.one("00130753", key)["service_request_id"] == numbers[0]
    before = (NOON - timedelta(days=80)).isoformat()
    assert city.numbers(key, start_date=before, end_date=(NOON - timedelta(days=1)).isoformat()) == []
    assert city.numbers(key, start_date=before) == list(reversed(numbers))
    for wrong in ({"status": "late"}, {"page": "0"}, {"start_date": "yesterday"}):
        assert city.get("/v2/requests.json", key, **wrong).status_code == 400
    too_long = {"start_date": (NOON - timedelta(days=91)).isoformat(), "end_date": NOON.isoformat()}
    assert city.get("/v2/requests.json", key, **too_long).status_code == 400


def test_what_a_person_does_not_follow_up_is_closed_and_keeps_its_number(city: City) -> None:
    key = city.partner()
    number = city.report(key)
    _, request = city.reported(number)
    with city.product.database.write() as session:
        advance(
            session, session.get_one(ServiceRequest, request.id), RequestState.CANCELLED, "staff:1", "no reason told"
        )
    shown = city.one(number, key)
    assert (shown["status"], shown["service_request_id"]) == ("closed", number)
    assert "no reason told" not in str(shown)
    assert city.numbers(key, status="closed") == [number]


def test_in_public_mode_anybody_reads_what_is_filed_and_only_that(start_city: StartCity) -> None:
    city = start_city("public")
    key = city.partner()
    filed, waiting = city.report(key), city.report(key, description="Not looked at yet")
    city.file(filed, "77")
    assert city.numbers() == [filed]
    assert city.one(filed)["description"] == "A hole as deep as a bucket"
    told = city.one(waiting)
    assert (told["status"], told["description"], told["address"], told["lat"]) == ("open", None, None, None)


def test_who_may_update_says_how_a_filed_request_stands_and_each_update_counts_once(city: City) -> None:
    key, department = city.partner(), city.partner("Streets Department", may_update=True)
    number = city.report(key)
    told = {"service_request_id": number, "update_id": "u-1", "status": "CLOSED", "description": "Filled & rolled."}
    assert city.post("/v2/servicerequestupdates.json", department, told).status_code == 403  # not filed yet
    city.file(number, "88")
    first = city.post("/v2/servicerequestupdates.json", department, told)
    again = city.post("/v2/servicerequestupdates.json", department, told)
    assert (first.status_code, first.json()) == (201, again.json())
    with city.product.database.read() as session:
        (update,) = session.exec(select(StatusUpdate)).all()
        assert len(session.exec(select(StatusNotice)).all()) == 1
    assert (update.source, update.status, update.outcome) == (UpdateSource.PARTNER, "closed", None)
    shown = city.one(number, key)
    assert (shown["status"], shown["status_notes"]) == ("closed", "Filled & rolled.")
    listed = read_xml(city.get("/v2/servicerequestupdates.xml", key))
    assert listed.findtext("request_update/service_request_id") == number
    assert listed.findtext("request_update/status") == "CLOSED"
    assert city.get("/v2/servicerequestupdates.json").status_code == 403


def test_who_reported_adds_to_their_report_and_nobody_else_does(city: City) -> None:
    key, other = city.partner(), city.partner("Another")
    number = city.report(key)
    said = {"service_request_id": number, "update_id": "1", "description": "It is deeper now"}
    assert city.post("/v2/servicerequestupdates.json", other, said).status_code == 403
    for _ in range(2):
        assert city.post("/v2/servicerequestupdates.json", key, said).status_code == 201
    mention, _ = city.reported(number)
    with city.product.database.read() as session:
        posts = session.exec(select(Post).where(Post.mention_id == mention.id)).all()
        assert session.exec(select(StatusUpdate)).all() == []
    assert [one.text for one in posts] == ["A hole as deep as a bucket", "It is deeper now"]
    assert mention.version == 2
    assert city.post("/v2/servicerequestupdates.json", key, {"description": "x"}).status_code == 400


def test_too_many_calls_are_told_when_to_go_on(city: City) -> None:
    key = city.partner(rate_per_minute=1)
    assert city.get("/v2/services.json", key).status_code == 200
    again = city.get("/v2/services.json", key)
    assert again.status_code == 429
    assert 1 <= int(again.headers["retry-after"]) <= 60
    anybody = [city.get("/v2/services.json").status_code for _ in range(61)]
    assert anybody == [200] * 60 + [429]


def test_switched_off_there_is_nothing(start_city: StartCity) -> None:
    city = start_city("off")
    assert city.get("/discovery.json").status_code == 404


def test_our_answers_are_as_the_published_schemas_say(city: City) -> None:
    jsonschema = pytest.importorskip("jsonschema", reason="jsonschema is not installed")
    referencing = pytest.importorskip("referencing")
    if not SCHEMAS.exists():
        pytest.skip(f"the published GeoReport v2 schemas are not at {SCHEMAS}")
    held = {file.name: json.loads(file.read_text()) for file in SCHEMAS.glob("*.json")}
    drafts = referencing.jsonschema.DRAFT4
    registry = referencing.Registry().with_resources(
        [(name, drafts.create_resource(schema)) for name, schema in held.items()]
    )

    def faults(schema: str, answer: object) -> list[str]:
        asks = jsonschema.Draft4Validator(
            held[schema], registry=registry, format_checker=jsonschema.Draft4Validator.FORMAT_CHECKER
        )
        return [one.message for one in asks.iter_errors(answer)]

    key = city.partner()
    filed = city.report(key, media_url="https://pics.example/1.jpg")
    city.report(key, service_code="007", lat="", long="", address_string="1234 Main St")
    city.file(filed, "99", expected_datetime=NOON, agency_responsible="Streets", status_notes="Planned")
    services, requests = city.get("/v2/services.json").json(), city.get("/v2/requests.json", key).json()
    assert (len(services), len(requests)) == (4, 2)
    assert faults("services.json", services) == []
    assert faults("requests.json", requests) == []
    assert faults("requests.json", city.get(f"/v2/requests/{filed}.json", key).json()) == []
    for one in services:
        definition = city.get(f"/v2/services/{one['service_code']}.json").json()
        assert faults("service-definition.json", definition) == []
    assert faults("request.json", requests[0] | {"status": "late"})


@pytest.mark.counterpart
@pytest.mark.parametrize("form", ["json", "xml"])
def test_the_georeport_client_reads_our_endpoint(start_city: StartCity, form: str) -> None:
    georeport = pytest.importorskip("georeport", reason="needs PyPI's georeport 0.3.1")
    city = start_city("public")
    key = city.partner()
    numbers = [
        city.report(key),
        city.report(key, service_code="LAMP", description="Dark", **{"attribute[KIND]": "OUT"}),
    ]
    for number in numbers:
        city.file(number, f"00{number[-3:]}")
    client = georeport.GeoReport(f"{city.url}/open311/v2/", jurisdiction="riverton", output_format=form)
    assert {one["service_code"] for one in client.get_service_list()} == {"POTHOLE", "007", "TREE", "LAMP"}
    assert client.get_service_definition("LAMP")["service_code"] == "LAMP"
    assert {one["service_request_id"] for one in client.get_service_requests(status="open")} == set(numbers)
    assert client.get_service_request(numbers[0])["service_code"] == "POTHOLE"


@pytest.mark.parametrize("form", ["json", "xml"])
async def test_our_own_client_files_with_our_server_and_follows_it(start_city: StartCity, form: Format) -> None:
    city = start_city("public")
    key = city.partner(may_update=True)
    request = ServiceRequest(
        mention_id=1,
        reference="H-TEST2345",
        changed_at=NOON,
        service_code="LAMP",
        description="Dark since Monday",
        lat=39.95,
        long=-75.16,
        attribute={"KIND": "OUT", "SIGNS": ["OUT", "DAY"]},
    )
    async with Open311City(
        base_url=f"{city.url}/open311/v2", api_key=key, format=form, updates="auto", zone=ZoneInfo("UTC")
    ) as client:
        assert {one.service_code for one in await client.services()} == {"POTHOLE", "007", "TREE", "LAMP"}
        assert [one.code for one in (await client.definition("LAMP")).attributes][:2] == ["KIND", "SIGNS"]
        filed = await client.file(request)
        _, drafted = await asyncio.to_thread(city.reported, filed.service_request_id)
        assert drafted.attribute == request.attribute
        await asyncio.to_thread(city.file, filed.service_request_id, "4711", status="closed", status_notes="Lit again.")
        (shown,) = await client.by_ids([filed.service_request_id])
        assert (shown.status, shown.status_notes) == ("closed", "Lit again.")
        assert await client.has_updates()


@pytest.mark.parametrize("charset", ["undefined", "punycode", "utf-16"])
def test_a_form_in_a_charset_that_it_is_not_written_in_is_refused(city: City, charset: str) -> None:
    kind = f"multipart/form-data; boundary=x; charset={charset}"
    body = b'--x\r\nContent-Disposition: form-data; name="service_code"\r\n\r\n\xff.\xffx\r\n--x--\r\n'
    sent = city.client.post(f"{city.url}/open311/v2/requests.json", content=body, headers={"content-type": kind})
    assert sent.status_code in (400, 403), sent.text
    assert sent.json()[0]["description"]


def test_what_turns_the_writing_round_or_no_database_keeps_is_taken_out_of_a_form(city: City) -> None:
    key = city.partner(may_update=True)
    number = city.report(key, description="a hole\u202e\x00\u2066 here", service_code="POT\x00HOLE")
    _, request = city.reported(number)
    assert (request.description, request.service_code) == ("a hole here", "POTHOLE")


def test_a_private_detail_in_the_citys_notice_is_not_shown(city: City) -> None:
    key = city.partner()
    number = city.report(key)
    city.file(number, "13075315", service_notice="Call Ann at 267-555-0134.")
    assert "267" not in city.one(number, key)["service_notice"]
