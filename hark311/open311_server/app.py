"""The routes of our own Open311 endpoint. Mounted beside the desk; a key stands for its cookies and form tokens."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

from sqlmodel import Session, col, select
from starlette.background import BackgroundTask
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import UploadFile
from starlette.exceptions import HTTPException
from starlette.formparsers import MultiPartException
from starlette.middleware.exceptions import ExceptionMiddleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route, Router
from starlette.types import ASGIApp

from hark311.open311_server.callers import Caller, Callers
from hark311.open311_server.reading import asked_list, read_report, read_update
from hark311.open311_server.showing import HANDED_ON, Showing
from hark311.open311_server.taking import Receipt, Taking, photo_of, told_by_token
from hark311.open311_server.wire import (
    DEFINITION,
    DISCOVERY,
    REQUESTS,
    SERVICES,
    UPDATES,
    Fault,
    Json,
    Refused,
    answer,
    cleaned,
    error_answer,
    moment,
    refused,
)
from hark311.product import Product
from models import Partner, PartnerPhoto, PartnerReport, Post, Service, ServiceAttribute, ServiceRequest
from models.job_names import UNDERSTAND
from responders.illustrating import Prepared

PATH = "/open311"
SPECIFICATION = "http://wiki.open311.org/GeoReport_v2"
CHANGED = datetime.fromisoformat("2026-11-22T00:00:00+00:00")
"""When what is answered here last changed its shape."""
MOST_FIELDS = 200
NOTICE = "A person at the city reads it before it is passed on."
PHOTO_KEPT_SECONDS = 3600

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Sent:
    """A form as it came: its fields in order, and the photo with it."""

    pairs: Sequence[tuple[str, str]]
    photo: bytes | None = None

    @property
    def fields(self) -> Mapping[str, str]:
        return dict(reversed(self.pairs))


class Open311Server:
    """Answers for one product."""

    def __init__(self, product: Product) -> None:
        settings = product.settings
        self.product, self.settings, self.database = product, settings, product.database
        self.zone = ZoneInfo(settings.city_time_zone)
        self.base = f"{settings.desk_url}{PATH}/v2"
        self.callers = Callers(product.database, public=settings.open311_server == "public")
        self.showing = Showing(product.private_details, self.zone)
        self.taking = Taking(f"{self.base}/photos", frozenset(settings.city_phone_numbers))

    def app(self) -> ASGIApp:
        """The ASGI app to mount at PATH."""
        reads: list[tuple[str, Callable[[Request, Session], tuple[str, Json | list[Json]]]]] = [
            ("/discovery", self.discovery),
            ("/v2/discovery", self.discovery),
            ("/v2/services", self.services),
            ("/v2/services/{code:path}", self.definition),
            ("/v2/tokens/{token}", self.token),
            ("/v2/requests", self.requests),
            ("/v2/requests/{number}", self.request),
            ("/v2/servicerequestupdates", self.updates),
        ]
        takes: dict[str, Callable[[Request], Awaitable[Response]]] = {
            "/v2/requests": self.take_report,
            "/v2/servicerequestupdates": self.take_update,
        }
        routes = [
            Route(f"{path}.{{form}}", self._both(self._reading(act), takes.get(path)), methods=_methods(path, takes))
            for path, act in reads
        ]
        routes.append(Route("/v2/photos/{name}", self.photo, methods=["GET"]))
        return ExceptionMiddleware(Router(routes), handlers={Refused: _refused, HTTPException: _not_answered})

    def discovery(self, request: Request, session: Session) -> tuple[str, Json]:
        """GET discovery: where this endpoint is, and whom to ask for a key."""
        del session
        self.callers.caller(request)
        ask = self.settings.open311_contact or self.settings.city_name
        changed = moment(CHANGED, self.zone)
        endpoint = {
            "specification": SPECIFICATION,
            "url": self.base,
            "changeset": changed,
            "type": "test" if self.settings.simulated else "production",
            "formats": ["text/xml", "application/json"],
        }
        asks = f"Ask {ask} for a key."
        return DISCOVERY, {"changeset": changed, "contact": ask, "key_service": asks, "endpoints": [endpoint]}

    def services(self, request: Request, session: Session) -> tuple[str, list[Json]]:
        """GET services: what can be reported."""
        self._caller(request)
        asks = set(session.exec(select(ServiceAttribute.service_code).where(_ASKED).distinct()).all())
        found = session.exec(
            select(Service).where(col(Service.active).is_(True)).order_by(Service.service_name, Service.service_code)
        ).all()
        return SERVICES, [
            {
                "service_code": one.service_code,
                "service_name": one.service_name,
                "description": one.description,
                "metadata": one.service_code in asks,
                "type": str(one.type),
                "keywords": one.keywords,
                "group": one.group,
            }
            for one in found
        ]

    def definition(self, request: Request, session: Session) -> tuple[str, Json]:
        """GET services/:code: the questions a service asks."""
        self._caller(request)
        service = _service(session, request.path_params["code"])
        attributes = [
            {
                "variable": one.variable,
                "code": one.code,
                "datatype": str(one.datatype),
                "required": one.required,
                "datatype_description": one.datatype_description,
                "order": order,
                "description": one.description,
                "values": [{"key": str(value.get("key")), "name": str(value.get("name"))} for value in one.values],
            }
            for order, one in enumerate(_asked_by(session, service), start=1)
        ]
        return DEFINITION, {"service_code": service.service_code, "attributes": attributes}

    def token(self, request: Request, session: Session) -> tuple[str, list[Json]]:
        """GET tokens/:token: the number it stands for; an empty one until a person has decided."""
        caller, token = self._caller(request).reader(), request.path_params["token"]
        report = session.exec(select(PartnerReport).where(PartnerReport.token == token)).first()
        if report is None or not (caller.reads_all or report.partner_id == caller.partner_id):
            raise refused(404, "token was not found")
        return REQUESTS, [{"service_request_id": told_by_token(session, report), "token": token}]

    def requests(self, request: Request, session: Session) -> tuple[str, list[Json]]:
        """GET requests: by numbers, or by service, status and time."""
        caller = self._caller(request).reader()
        return REQUESTS, self.showing.listed(session, caller, asked_list(request.query_params, self._now()))

    def request(self, request: Request, session: Session) -> tuple[str, list[Json]]:
        """GET requests/:number: a list of one."""
        caller = self._caller(request).reader()
        shown = self.showing.one(session, caller, request.path_params["number"])
        return REQUESTS, [self.showing.shape(shown, caller)]

    def updates(self, request: Request, session: Session) -> tuple[str, list[Json]]:
        """GET servicerequestupdates: what was said of requests since."""
        caller = self._caller(request).reader()
        return UPDATES, self.showing.updates(session, caller, asked_list(request.query_params, self._now()))

    async def take_report(self, request: Request) -> Response:
        """POST requests: a report becomes a mention with its request drafted. 201 with a number, or a token."""
        sent = await _form(request)
        receipt, account_id = await run_in_threadpool(self._take_report, request, sent)
        name, value = ("token", receipt.token) if receipt.token else ("service_request_id", receipt.reference)
        content = [{name: value, "service_notice": NOTICE, "account_id": account_id or None}]
        done = answer(request.path_params["form"], REQUESTS, content, 200 if receipt.again else 201)
        done.background = None if receipt.again else BackgroundTask(self.product.nudge, UNDERSTAND)
        return done

    def _take_report(self, request: Request, sent: Sent) -> tuple[Receipt, str]:
        partner = self._caller(request, sent.fields).reporter()
        code = sent.fields.get("service_code", "")
        if not code:
            raise refused(400, "service_code was not provided")
        with self.database.read() as session:
            service = _service(session, code)
            asked = _asked_by(session, service)
        report = read_report(sent.pairs, service, asked)
        photo: Prepared | None = photo_of(sent.photo) if sent.photo else None
        if photo and report.media_url:
            raise refused(400, "media_url and a photo were sent: send one of them")
        with self.database.write() as session:
            receipt = self.taking.report(session, _anew(session, partner), report, asked, photo, self._now())
        return receipt, report.account_id

    async def take_update(self, request: Request) -> Response:
        """POST servicerequestupdates: how a request stands, or more about one's own report. 201 with an id."""
        sent = await _form(request)
        if sent.photo:
            raise refused(400, "an update takes a media_url, and no file")
        update_id = await run_in_threadpool(self._take_update, request, sent)
        done = answer(request.path_params["form"], UPDATES, [{"update_id": update_id}], 201)
        done.background = BackgroundTask(self.product.nudge, UNDERSTAND)
        return done

    def _take_update(self, request: Request, sent: Sent) -> str:
        caller = self._caller(request, sent.fields)
        partner = caller.with_key()
        if not (partner.may_report or partner.may_update):
            raise refused(403, "this api_key may read, and not report")
        told = read_update(sent.pairs, self._now())
        with self.database.write() as session:
            partner = _anew(session, partner)
            sees = Caller(partner, public=caller.public or partner.may_update)
            shown = self.showing.one(session, sees, told.service_request_id)
            return self.taking.update(session, partner, shown, told, self._now())

    def photo(self, request: Request) -> Response:
        """GET photos/:name: a photo of a report that a person has approved. Its name is known from media_url alone."""
        self.callers.caller(request)
        with self.database.read() as session:
            photo = session.get(PartnerPhoto, request.path_params["name"])
            post = session.get(Post, photo.post_id) if photo else None
            approved = (
                post is not None
                and session.exec(
                    select(ServiceRequest.id).where(
                        ServiceRequest.mention_id == post.mention_id, col(ServiceRequest.state).in_(HANDED_ON)
                    )
                ).first()
            )
        if photo is None or not approved:
            raise refused(404, "there is no such photo")
        kept = {"cache-control": f"private, max-age={PHOTO_KEPT_SECONDS}"}
        return Response(photo.content, media_type=photo.media_type, headers=kept)

    def _caller(self, request: Request, fields: Mapping[str, str] | None = None) -> Caller:
        """Who calls. Raises Refused also where they mean another jurisdiction."""
        caller = self.callers.caller(request, fields)
        named = (fields or {}).get("jurisdiction_id") or request.query_params.get("jurisdiction_id")
        if named and named != self.settings.city:
            raise refused(404, f"jurisdiction_id was not found: it is {self.settings.city}, and may be left out")
        return caller

    def _now(self) -> datetime:
        return self.product.desk.clock()

    def _reading(
        self, act: Callable[[Request, Session], tuple[str, Json | list[Json]]]
    ) -> Callable[[Request], Response]:
        def read(request: Request) -> Response:
            with self.database.read() as session:
                root, content = act(request, session)
            return answer(request.path_params["form"], root, content)

        return read

    @staticmethod
    def _both(
        read: Callable[[Request], Response], take: Callable[[Request], Awaitable[Response]] | None
    ) -> Callable[[Request], Awaitable[Response]]:
        async def endpoint(request: Request) -> Response:
            if request.method == "POST" and take:
                return await take(request)
            return _readable_anywhere(await run_in_threadpool(read, request))

        return endpoint


_ASKED = col(ServiceAttribute.active).is_(True)


def _methods(path: str, takes: Mapping[str, Any]) -> list[str]:
    return ["GET", "POST"] if path in takes else ["GET"]


def _service(session: Session, code: str) -> Service:
    service = session.get(Service, code)
    if service is None or not service.active:
        raise refused(404, "service_code was not found")
    return service


def _asked_by(session: Session, service: Service) -> Sequence[ServiceAttribute]:
    return session.exec(
        select(ServiceAttribute)
        .where(ServiceAttribute.service_code == service.service_code, _ASKED)
        .order_by(col(ServiceAttribute.order), col(ServiceAttribute.code))
    ).all()


def _anew(session: Session, partner: Partner) -> Partner:
    """The partner as they stand now. Raises Refused where the key was revoked meanwhile: 403."""
    now = session.get(Partner, partner.id)
    if now is None or not now.active:
        raise refused(403, "api_key is not valid")
    return now


async def _form(request: Request) -> Sent:
    """The fields and the photo of a form, url-encoded or multipart. Raises Refused: 400."""
    try:
        async with request.form(max_files=2, max_fields=MOST_FIELDS) as form:
            items = form.multi_items()
            pairs = [(cleaned(name), cleaned(value)) for name, value in items if isinstance(value, str)]
            files = [await value.read() for _, value in items if isinstance(value, UploadFile) and value.filename]
    except (MultiPartException, HTTPException) as error:
        why = error.message if isinstance(error, MultiPartException) else error.detail
        raise refused(400, f"the form cannot be read: {why}") from None
    except UnicodeError:
        raise refused(400, "the form cannot be read: it is not written in its own charset") from None
    if len(pairs) > MOST_FIELDS:
        raise refused(400, f"the form has more than {MOST_FIELDS} fields")
    if len(files) > 1:
        raise refused(400, "one photo is taken with a report")
    query = [(name, value) for name, value in request.query_params.multi_items() if name != "api_key"]
    return Sent([*pairs, *query], files[0] if files else None)


def _readable_anywhere(said: Response) -> Response:
    """Any page may read what was asked without cookies; nothing but GET is open to other sites."""
    said.headers["access-control-allow-origin"] = "*"
    return said


def _refused(request: Request, error: Exception) -> Response:
    assert isinstance(error, Refused)  # noqa: S101 - what it is registered for
    said = error_answer(_form_of(request), error)
    return _readable_anywhere(said) if request.method in ("GET", "HEAD") else said


def _not_answered(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)  # noqa: S101 - what it is registered for
    words = {404: "there is nothing under this address", 405: "this address does not take that method"}
    fault = Fault(error.status_code, words.get(error.status_code, "this cannot be answered"))
    return error_answer(_form_of(request), Refused(fault, headers=error.headers))


def _form_of(request: Request) -> str:
    return request.url.path.rpartition(".")[2]
