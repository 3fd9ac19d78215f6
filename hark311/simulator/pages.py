"""Pages for people: what residents see on X and Telegram, and the city's request list, with forms to act as they do.

Server-rendered, no script. Writing forms are guarded by `access.refusal` (loopback name, same origin).
"""

from base64 import b64encode
from datetime import UTC, datetime

from jinja2 import Environment, PackageLoader
from pydantic import ValidationError
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import FormData, UploadFile
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

from hark311.simulator.access import GUARDED_HEADERS
from hark311.simulator.bluesky_network import SaidOnBluesky, UnknownRecord
from hark311.simulator.bluesky_page import bluesky_threads
from hark311.simulator.box import Box
from hark311.simulator.mastodon_network import SaidOnMastodon, UnknownStatus
from hark311.simulator.mastodon_page import mastodon_threads
from hark311.simulator.samples import load_samples
from hark311.simulator.spoken import ButtonPress, Chat, Person, Picture, Pin, SaidOnTelegram, SaidOnX
from hark311.simulator.telegram_content import file_bytes
from hark311.simulator.telegram_network import UnknownMessage
from hark311.simulator.threads import city_list, telegram_chats, x_threads
from hark311.simulator.x_network import UnknownPost

Form = dict[str, str]
PHOTOS, LARGEST_PHOTO = ("image/jpeg", "image/png", "image/webp"), 10 * 1024 * 1024


class Pages:
    """The routes and the templates behind them."""

    def __init__(self, box: Box) -> None:
        self._box = box
        self._templates = Environment(
            loader=PackageLoader("hark311.simulator", "templates"),
            autoescape=True,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._templates.filters["day_and_time"] = self._day_and_time
        self._templates.filters["day"] = self._day
        self._templates.filters["iso"] = lambda ms: datetime.fromtimestamp(ms / 1000, UTC).isoformat()

    def routes(self) -> list[Route]:
        """All pages and their forms."""
        return [
            Route("/", self.home, methods=["GET"]),
            Route("/samples", self.load_samples, methods=["POST"]),
            Route("/x", self.x, methods=["GET"]),
            Route("/x", self.post_on_x, methods=["POST"]),
            Route("/telegram", self.telegram, methods=["GET"]),
            Route("/telegram", self.write_on_telegram, methods=["POST"]),
            Route("/telegram/photos/{unique_id}", self.photo, methods=["GET"]),
            Route("/telegram/press", self.press, methods=["POST"]),
            Route("/telegram/block", self.block, methods=["POST"]),
            Route("/bluesky", self.bluesky, methods=["GET"]),
            Route("/bluesky", self.post_on_bluesky, methods=["POST"]),
            Route("/mastodon", self.mastodon, methods=["GET"]),
            Route("/mastodon", self.post_on_mastodon, methods=["POST"]),
            Route("/city", self.city, methods=["GET"]),
            Route("/city", self.move_request, methods=["POST"]),
        ]

    def _day_and_time(self, ms: int) -> str:
        moment = datetime.fromtimestamp(ms / 1000, self._box.city.zone)
        return f"{moment:%b} {moment.day}, {moment:%H:%M}"

    def _day(self, ms: int) -> str:
        moment = datetime.fromtimestamp(ms / 1000, self._box.city.zone)
        return f"{moment:%a}, {moment:%b} {moment.day}"

    def _page(self, template: str, status: int = 200, **values: object) -> Response:
        text = self._templates.get_template(template).render(settings=self._box.settings, **values)
        return HTMLResponse(text, status, GUARDED_HEADERS)

    async def home(self, _: Request) -> Response:
        """What this is, with links and counts."""
        return self._page("home.html", counts=self._box.counts(), faults=self._box.faults.shapes())

    async def load_samples(self, _: Request) -> Response:
        """Load the sample posts."""
        load_samples(self._box)
        return RedirectResponse("/", 303)

    async def x(self, _: Request) -> Response:
        """The threads, newest first."""
        return self._x_page()

    def _x_page(self, wrong: str | None = None, typed: Form | None = None) -> Response:
        status = 422 if wrong else 200
        return self._page("x.html", status, threads=x_threads(self._box), wrong=wrong, typed=typed or {})

    async def post_on_x(self, request: Request) -> Response:
        """Post as a resident."""
        form = await _form(request)
        try:
            said = SaidOnX.model_validate(
                {
                    "author": {"handle": form.get("handle", "").strip()},
                    "text": form.get("text", "").strip(),
                    "in_reply_to": form.get("in_reply_to") or None,
                    "mention": "mention" in form,
                }
            )
            self._box.x.say([said])
        except (ValidationError, UnknownPost) as error:
            return self._x_page(_why(error), form)
        return RedirectResponse("/x", 303)

    async def telegram(self, _: Request) -> Response:
        """The chats, the last written in first."""
        return self._telegram_page()

    def _telegram_page(self, wrong: str | None = None, typed: Form | None = None) -> Response:
        status = 422 if wrong else 200
        return self._page("telegram.html", status, chats=telegram_chats(self._box), wrong=wrong, typed=typed or {})

    async def write_on_telegram(self, request: Request) -> Response:
        """Write as a resident; with a ticked place, the place goes as a message of its own after the rest."""
        async with request.form() as sent:
            form = _texts(sent)
            try:
                self._box.telegram.say(_written(self._box, form, await _photo(sent.get("photo"))))
            except (ValidationError, UnknownMessage, ValueError) as error:
                return self._telegram_page(_why(error), form)
        return RedirectResponse("/telegram", 303)

    async def photo(self, request: Request) -> Response:
        """A photo of a chat."""
        row = self._box.store.row(
            "SELECT * FROM tg_files WHERE unique_id = ? AND mime LIKE 'image/%'", (request.path_params["unique_id"],)
        )
        if row is None:
            return Response(status_code=404)
        return Response(await run_in_threadpool(file_bytes, row), media_type=row["mime"], headers=GUARDED_HEADERS)

    async def press(self, request: Request) -> Response:
        """Press a button under one of the bot's messages."""
        form = await _form(request)
        try:
            self._box.telegram.press(ButtonPress.model_validate(form))
        except (ValidationError, UnknownMessage) as error:
            return self._telegram_page(_why(error))
        return RedirectResponse("/telegram", 303)

    async def block(self, request: Request) -> Response:
        """Block or unblock the bot in a chat."""
        form = await _form(request)
        try:
            self._box.telegram.set_blocked(int(form.get("chat_id", "")), form.get("blocked") == "yes")
        except (ValueError, UnknownMessage) as error:
            return self._telegram_page(_why(error))
        return RedirectResponse("/telegram", 303)

    async def bluesky(self, _: Request) -> Response:
        """The threads, newest first."""
        return self._bluesky_page()

    def _bluesky_page(self, wrong: str | None = None, typed: Form | None = None) -> Response:
        threads = bluesky_threads(self._box.bluesky)
        return self._page("bluesky.html", 422 if wrong else 200, threads=threads, wrong=wrong, typed=typed or {})

    async def post_on_bluesky(self, request: Request) -> Response:
        """Post as a resident."""
        form = await _form(request)
        said = {name: form.get(name, "").strip() or None for name in ("text", "in_reply_to")}
        try:
            who = {"handle": form.get("handle", "").strip()}
            self._box.bluesky.say([SaidOnBluesky.model_validate({**said, "author": who, "mention": "mention" in form})])
        except (ValidationError, UnknownRecord) as error:
            return self._bluesky_page(_why(error), form)
        return RedirectResponse("/bluesky", 303)

    async def mastodon(self, _: Request) -> Response:
        """The threads, newest first."""
        return self._mastodon_page()

    def _mastodon_page(self, wrong: str | None = None, typed: Form | None = None) -> Response:
        threads = mastodon_threads(self._box.mastodon)
        return self._page("mastodon.html", 422 if wrong else 200, threads=threads, wrong=wrong, typed=typed or {})

    async def post_on_mastodon(self, request: Request) -> Response:
        """Post as a resident."""
        form = await _form(request)
        said = {name: form[name].strip() for name in ("text", "in_reply_to", "visibility") if form.get(name)}
        try:
            who = {"acct": form.get("acct", "").strip()}
            self._box.mastodon.say(
                [SaidOnMastodon.model_validate({**said, "author": who, "mention": "mention" in form})]
            )
        except (ValidationError, UnknownStatus) as error:
            return self._mastodon_page(_why(error), form)
        return RedirectResponse("/mastodon", 303)

    async def city(self, _: Request) -> Response:
        """The city's requests, newest first."""
        return self._city_page()

    def _city_page(self, wrong: str | None = None) -> Response:
        return self._page("city.html", 422 if wrong else 200, requests=city_list(self._box), wrong=wrong)

    async def move_request(self, request: Request) -> Response:
        """Close a request with a note, or open it again."""
        form = await _form(request)
        status = form.get("status", "")
        number = form.get("id", "")
        if status not in ("open", "closed") or not number.isdigit():
            return self._city_page("Say which request, and whether it is open or closed.")
        if not self._box.city.move(int(number), status=status, notes=form.get("status_notes", "").strip() or None):
            return self._city_page(f"There is no request {number}.")
        return RedirectResponse("/city", 303)


def _written(box: Box, form: Form, photo: Picture | None) -> list[SaidOnTelegram]:
    """What a filled-in form says, in order; the words go below a photo.

    Raises ValueError and ValidationError for what cannot be sent.
    """
    chat_id = form.get("chat_id", "").strip()
    sender = Person(first_name=form.get("name", "").strip() or "Resident")
    chat = None
    if chat_id:
        chat = Chat(id=int(chat_id), type="private")
        known = box.store.row("SELECT shape FROM tg_people WHERE id = ?", (int(chat_id),))
        sender = Person.model_validate_json(known["shape"]) if known else sender.model_copy(update={"id": int(chat_id)})
    said = []
    text = form.get("text", "").strip()
    if text and not photo:
        said.append(SaidOnTelegram.model_validate({"text": text, "from": sender, "chat": chat}))
    if photo:
        shown = {"photo": photo, "caption": text or None, "from": sender, "chat": chat}
        said.append(SaidOnTelegram.model_validate(shown))
    if "share" in form:
        pin = Pin(latitude=float(form.get("latitude", "")), longitude=float(form.get("longitude", "")))
        said.append(SaidOnTelegram.model_validate({"location": pin, "from": sender, "chat": chat}))
    if said:
        return said
    raise ValueError("Write something, share a place, or send a photo.")


async def _photo(file: UploadFile | str | None) -> Picture | None:
    """The photo that came with a form, if any. Raises ValueError for a file that is none."""
    if not isinstance(file, UploadFile) or not (body := await file.read(LARGEST_PHOTO + 1)):
        return None
    mime = file.content_type or ""
    if mime not in PHOTOS or len(body) > LARGEST_PHOTO:
        raise ValueError("A photo is a JPEG, PNG or WebP of at most 10 MB.")
    return Picture(content_base64=b64encode(body).decode(), mime=mime)


async def _form(request: Request) -> Form:
    async with request.form() as form:
        return _texts(form)


def _texts(form: FormData) -> Form:
    return {name: value for name, value in form.items() if isinstance(value, str)}


def _why(error: Exception) -> str:
    """An error in words for a page."""
    if isinstance(error, ValidationError):
        first = error.errors()[0]
        where = " ".join(str(part) for part in first["loc"])
        return f"{where}: {first['msg']}".removeprefix(": ")
    return str(error)
