"""The documentation says what is so: pages made from the code equal it; names, links, commands and examples hold."""

import importlib.util
import json
import re
import shlex
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from http.server import BaseHTTPRequestHandler, HTTPServer
from io import StringIO
from pathlib import Path
from typing import Any

import httpx
import pytest
import typer.main
from pydantic import BaseModel
from starlette.routing import Route

from hark311 import worker
from hark311.cli import app
from hark311.notices import Notice
from hark311.paging import Page, WebhookNotifier
from hark311.replay import BadLine, read_lines
from hark311.settings import (
    CityDestination,
    NotifySettings,
    Open311Settings,
    Settings,
    TelegramAccount,
    XAccount,
    load,
)
from hark311.settings.destinations import MailDestination, WebhookDestination
from hark311.simulator import RunningSimulator, SimulatorSettings
from hark311.simulator.box import Box
from hark311.simulator.control import ControlApi
from hark311.simulator.faults import Kind
from hark311.watching import Worry
from models import CHANNELS, Channel, job_names, tables
from models.database import utc_now
from models.lifecycle import MACHINES
from tests.town import Town

ROOT = Path(__file__).parent.parent
DOCS = ROOT / "docs"
WRITTEN = [*ROOT.glob("*.md"), *DOCS.rglob("*.md"), ROOT / "compose.yaml"]
PAGES = [page for page in WRITTEN if page.suffix == ".md"]

LINK = re.compile(r"\]\(([^)\s]+)\)")
BLOCK = re.compile(r"(?:^<!-- (?P<mark>[^>]+) -->\n)?^```(?P<kind>\w+)\n(?P<text>.*?)^```$", re.DOTALL | re.MULTILINE)
ROW = re.compile(r"^\| `([^`]+)` \| ([^|]+) \|", re.MULTILINE)
COMMAND = re.compile(r"(?:HARK_\S+ |ExecStart=)*(?:\S*/)?(hark \w.*)")
SETTING = re.compile(r"\bHARK_[A-Z0-9]+(?:_+[A-Z0-9]+)*")

DESTINATIONS: tuple[type[BaseModel], ...] = (MailDestination, WebhookDestination, CityDestination)

PICTURES = {"mention-dark", "thread-x"} | {
    name + width for name in ("queue", "mention", "supervise", "freeze") for width in ("", "-mobile")
}


def _name(page: Path) -> str:
    return str(page.relative_to(ROOT))


def _generate() -> Any:
    spec = importlib.util.spec_from_file_location("docs_generate", DOCS / "generate.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


GENERATED: Mapping[Path, Any] = _generate().PAGES


def _reference(name: str) -> str:
    return (DOCS / "reference" / name).read_text(encoding="utf-8")


def _blocks(mark: str | None = None, kind: str | None = None) -> Iterator[tuple[Path, str]]:
    """Code blocks of all pages, by the comment above them and their language."""
    for page in PAGES:
        for found in BLOCK.finditer(page.read_text(encoding="utf-8")):
            if mark in (None, found["mark"]) and kind in (None, found["kind"]):
                yield page, found["text"]


@pytest.mark.parametrize("page", GENERATED, ids=_name)
def test_a_page_made_from_the_code_is_up_to_date(page: Path) -> None:
    assert page.read_text(encoding="utf-8") == GENERATED[page](), "run: python docs/generate.py"


@pytest.mark.parametrize("channel", Channel)
def test_every_channel_has_its_section_with_its_limit(channel: Channel) -> None:
    facts, page = CHANNELS[channel], _reference("channels.md")
    section = re.search(rf"^## {re.escape(facts.label)}$(.*?)(?=^## |\Z)", page, re.DOTALL | re.MULTILINE)
    assert section, f"docs/reference/channels.md has no section {facts.label!r}"
    length = next(line for line in section[1].splitlines() if line.startswith("| length |"))
    assert f"{facts.reply_limit} {facts.length_unit}" in length
    for row in ("heard", "may be sent", "proof after doubt", "deleted posts", "done", "not yet"):
        assert f"| {row} |" in section[1]


def test_every_job_is_in_the_jobs_page_and_no_other() -> None:
    nudged = {str(value) for name, value in vars(job_names).items() if name.isupper()}
    part = _reference("jobs.md").partition("## Nudged")[2].partition("\n## ")[0]
    assert {name for name, _ in ROW.findall(part)} == nudged


def test_every_round_is_in_the_jobs_page_with_its_seconds() -> None:
    part = _reference("jobs.md").partition("## Rounds")[2].partition("\n## ")[0]
    told = {name: seconds.strip() for name, seconds in ROW.findall(part)}
    assert told == {job.__name__: f"{seconds} s" for job, seconds in worker.ROUNDS}


def test_every_state_is_in_the_lifecycles_page() -> None:
    page = (DOCS / "explanation/lifecycles.md").read_text(encoding="utf-8")
    for moves in MACHINES.values():
        for before, to in moves.items():
            assert before in page
            assert all(f"{before} --> {after}" in page for after in to)


def test_every_table_is_in_the_data_page_and_no_other() -> None:
    assert {name for name, _ in ROW.findall(_reference("data.md"))} == set(tables().tables)


@pytest.mark.parametrize("page", [DOCS / "reference/invariants.md", ROOT / "README.md"], ids=_name)
def test_every_invariant_is_linked_with_its_test(page: Path) -> None:
    linked = {Path(link).name for link in LINK.findall(page.read_text(encoding="utf-8")) if "tests/invariants/" in link}
    assert linked == {file.name for file in (ROOT / "tests/invariants").glob("test_*.py")}


def test_the_invariants_page_numbers_its_tests_as_their_files_are() -> None:
    for number, file in re.findall(r"^\| (\d+) \|.*\[(test_\d\d_\w+\.py)\]", _reference("invariants.md"), re.MULTILINE):
        assert file.startswith(f"test_{int(number):02d}_")


def test_every_call_of_the_control_api_is_in_the_simulator_page_and_no_other(tmp_path: Path) -> None:
    box = Box(SimulatorSettings(tmp_path / "simulator.db"))
    try:
        routes = [route for route in ControlApi(box).app().routes if isinstance(route, Route)]
    finally:
        box.close()
    verbs = {"GET", "POST", "DELETE"}
    offered = {
        f"{verb} {re.sub(r':int}', '}', route.path)}" for route in routes for verb in verbs & (route.methods or set())
    }
    part = _reference("simulator.md").partition("## Control API")[2].partition("\n## ")[0]
    assert {call for call, _ in ROW.findall(part)} == offered


def test_every_fault_is_in_the_simulator_page_and_no_other() -> None:
    part = _reference("simulator.md").partition("## Faults")[2]
    assert {kind for kind, _ in ROW.findall(part)} == set(Kind.__args__)  # type: ignore[attr-defined]  # a Literal


@pytest.mark.parametrize("page", PAGES, ids=_name)
def test_every_link_and_picture_is_there(page: Path) -> None:
    dead = []
    for link in LINK.findall(page.read_text(encoding="utf-8")):
        if re.match(r"(https?|mailto):", link):
            continue
        path, _, heading = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        if not target.exists() or (heading and heading not in _headings(target)):
            dead.append(link)
    assert not dead


def _headings(page: Path) -> set[str]:
    """The anchors of a page's headings, as GitHub writes them."""
    lines = re.sub(r"^```.*?^```$", "", page.read_text(encoding="utf-8"), flags=re.DOTALL | re.MULTILINE).splitlines()
    titles = [line.lstrip("#").strip() for line in lines if line.startswith("#")]
    return {re.sub(r"[^\w\- ]", "", title.lower()).replace(" ", "-") for title in titles}


def test_every_page_can_be_found_from_the_index() -> None:
    index = DOCS / "index.md"
    linked = {(index.parent / link.partition("#")[0]).resolve() for link in LINK.findall(index.read_text("utf-8"))}
    assert {page for page in DOCS.rglob("*.md") if page != index} <= linked


def test_the_pictures_are_there_shown_and_small() -> None:
    shown = "".join(page.read_text(encoding="utf-8") for page in PAGES)
    for name in PICTURES:
        picture = DOCS / "images" / f"{name}.png"
        assert picture.read_bytes().startswith(b"\x89PNG")
        assert picture.stat().st_size < 400 * 1024
        assert f"images/{name}.png" in shown


def _command_lines() -> Iterator[tuple[str, str]]:
    """(page, command) for every `hark ...` in the pages: in code blocks line by line, in text as inline code."""
    for page in PAGES:
        text = page.read_text(encoding="utf-8")
        for found in BLOCK.finditer(text):
            if found["kind"] in ("bash", "ini"):
                for line in found["text"].replace("\\\n", " ").splitlines():
                    if command := COMMAND.match(line):
                        yield _name(page), command[1]
        for inline in re.findall(r"`((?:HARK_\S+ )*(?:\S*/)?hark [^`]+)`", BLOCK.sub("", text)):
            yield _name(page), inline[inline.index("hark ") :]


def _has_commands_alone(command: Any, argument: str) -> bool:
    """Whether an argument must name a command. A group that runs by itself takes options of its own as well."""
    own = getattr(command, "invoke_without_command", False) and argument.startswith("-")
    return hasattr(command, "commands") and not own


@pytest.mark.parametrize(("page", "line"), sorted(set(_command_lines())))
def test_every_command_in_the_pages_parses(page: str, line: str) -> None:
    name, *arguments = shlex.split(re.split(r" [|>&]", line)[0], comments=True)
    command: Any = typer.main.get_command(app)
    while arguments and _has_commands_alone(command, arguments[0]):
        assert arguments[0] in command.commands, f"{page}: there is no command {line!r}"
        name = arguments.pop(0)
        command = command.commands[name]
    if not hasattr(command, "commands") or arguments:
        needed = [one for one in command.params if one.required]
        if arguments or not needed:  # a bare name speaks of the command; its arguments are not there to be checked
            command.make_context(name, arguments)


def test_commands_are_found_in_the_pages_at_all() -> None:
    lines = {line for _, line in _command_lines()}
    assert {"hark up", "hark status", "hark db upgrade", "hark replay monday.jsonl --rate 5"} <= lines
    assert "hark worker --data /var/lib/hark311" in lines


def _fields(model: type[BaseModel], prefix: str) -> set[str]:
    return {prefix + name.upper() for name in model.model_fields}


def test_every_setting_named_in_the_pages_is_one() -> None:
    known = _fields(Settings, "HARK_") | _fields(Open311Settings, "HARK_OPEN311__")
    known |= _fields(NotifySettings, "HARK_NOTIFY__")
    of_one = {
        "ACCOUNTS": _fields(XAccount, "") | _fields(TelegramAccount, ""),
        "DESTINATIONS": set[str]().union(*(_fields(one, "") for one in DESTINATIONS)),
    }
    unknown = []
    for page in WRITTEN:
        for found in SETTING.findall(page.read_text(encoding="utf-8")):
            named = re.fullmatch(r"HARK_(ACCOUNTS|DESTINATIONS)__[A-Z0-9_]+?__(\w+)", found)
            if found not in known and not (named and named[2] in of_one[named[1]]):
                unknown.append(f"{_name(page)}: {found}")
    assert not unknown


@pytest.mark.parametrize("text", [text for _, text in _blocks("hark.toml", "toml")])
def test_the_settings_files_in_the_pages_are_accepted(text: str, tmp_path: Path) -> None:
    (tmp_path / "hark.toml").write_text(text, encoding="utf-8")
    settings = load(tmp_path)
    assert settings.simulated == ("[accounts" not in text)
    assert settings.model_fields_set > {"data"}


def test_the_replay_example_can_be_replayed() -> None:
    [(_, text)] = _blocks("replay")
    lines = list(read_lines(StringIO(text), "monday.jsonl"))
    assert len(lines) == 3
    assert not [line for line in lines if isinstance(line, BadLine)]


@pytest.fixture(scope="module")
def simulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningSimulator]:
    with RunningSimulator(tmp_path_factory.mktemp("docs") / "simulator.db") as simulator:
        yield simulator


@pytest.mark.parametrize("text", [text for _, text in _blocks("control", "bash")])
def test_the_control_api_takes_the_examples(text: str, simulator: RunningSimulator) -> None:
    known = ""
    for line in text.replace("\\\n", " ").splitlines():
        words = shlex.split(line)
        assert words.pop(0) == "curl"
        options = {words[at]: words[at + 1] for at in range(len(words) - 1) if words[at].startswith("-")}
        url = next(word for word in words if word.startswith("http://127.0.0.1:9311/"))
        assert options.get("-H", "content-type: application/json") == "content-type: application/json"
        answer = httpx.request(
            options.get("-X", "GET"),
            url.replace("http://127.0.0.1:9311", simulator.url).replace("$ID", known),
            content=options.get("-d"),
            headers={"content-type": "application/json"} if "-d" in options else {},
        )
        assert answer.is_success, answer.text
        said = answer.json().get("posts") or [{"id": ""}]
        known = said[0]["id"]


def test_the_script_of_the_go_live_page_takes_over_the_citys_services(town: Town) -> None:
    [(_, text)] = _blocks("runnable: services", "python")
    script, ports = town.data / "services.py", {"HARK_SIMULATOR_PORT": str(town.simulator.settings.port)}
    script.write_text(text, encoding="utf-8")
    done = subprocess.run(
        [sys.executable, str(script), str(town.data)], cwd=ROOT, env=ports, capture_output=True, text=True, check=False
    )
    assert done.stdout == "32 services taken over.\n", done.stderr


async def test_the_signature_check_of_the_paging_page_knows_our_pages() -> None:
    [(_, text)] = _blocks("runnable: signature", "python")
    given: dict[str, Any] = {}
    exec(compile(text, "page-staff.md", "exec"), given)  # noqa: S102 - our own page
    check, heard = given["signed_by_hark311"], _heard()
    address = next(heard)
    await WebhookNotifier(address, "a long random text").notify(
        Page(1, 1, "wires", Channel.X, utc_now(), "http://127.0.0.1:8311/mentions/1")
    )
    body, signature = next(heard)
    assert check(body, signature, "a long random text")
    assert not check(body + b" ", signature, "a long random text")
    assert not check(body, signature, "another text")
    danger, notice = [json.loads(text) for page, text in _blocks(kind="json") if page.name == "page-staff.md"]
    assert danger.keys() == json.loads(body).keys()
    assert notice.keys() == Notice("", 3, "city_mastodon", Channel.MASTODON, Worry.KEY, "", "").facts.keys()


def _heard() -> Iterator[Any]:
    """A receiver for one page: first its address, then (body, signature)."""
    got: list[tuple[bytes, str]] = []

    class Receiver(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            got.append((body, self.headers["x-hark-signature"]))
            self.send_response(204)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Nothing: a test's output is its own."""

    server = HTTPServer(("127.0.0.1", 0), Receiver)
    thread = threading.Thread(target=server.handle_request)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/"
    thread.join()
    server.server_close()
    yield got[0]


def _repository_files() -> list[Path]:
    """The files of the repository, those not committed yet included."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    return [file for name in listed.stdout.splitlines() if (file := ROOT / name).is_file()]


def test_the_repository_names_no_registry_and_no_machine() -> None:
    hosts = [("pypi", "org"), ("files", "pythonhosted", "org"), ("registry", "npmjs"), ("deb", "debian", "org")]
    places = [("", "work", "main"), ("", "work", "shared"), ("", "root", "")]
    unwanted = [".".join(parts).encode() for parts in hosts] + ["/".join(parts).encode() for parts in places]
    found = [
        f"{_name(file)}: {one.decode()}" for file in _repository_files() for one in unwanted if one in file.read_bytes()
    ]
    assert not found
