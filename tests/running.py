"""The product as an operator runs it: real processes with a data directory and ports of their own."""

import contextlib
import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import httpx

from hark311.replay import NETWORKS
from hark311.supervisor import running_pids

LINK = re.compile(r"http://127\.0\.0\.1:\d+/sign-in/\S+")
START_SECONDS = 60
STOP_SECONDS = 20


def free_port() -> int:
    """A port nobody listens on at this moment."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def environment(**hark: object) -> dict[str, str]:
    """This machine's environment without any setting of ours, and then HARK_ and the given ones."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("HARK_")}
    return clean | {f"HARK_{name.upper()}": str(value) for name, value in hark.items()}


def hark(*arguments: object, **settings: object) -> "subprocess.CompletedProcess[str]":
    """Run a command to its end."""
    return hark_for(START_SECONDS, *arguments, **settings)


def hark_for(seconds: float, *arguments: object, **settings: object) -> "subprocess.CompletedProcess[str]":
    """Run a command that may take so long to its end."""
    command = [sys.executable, "-m", "hark311", *map(str, arguments)]
    return subprocess.run(
        command, capture_output=True, text=True, timeout=seconds, check=False, env=environment(**settings)
    )


def spawn(*arguments: object, log: Path, **settings: object) -> "subprocess.Popen[bytes]":
    """Start a command that goes on; what it says is appended to `log`."""
    command = [sys.executable, "-m", "hark311", *map(str, arguments)]
    with log.open("ab") as opened:
        return subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=opened, stderr=opened, env=environment(**settings)
        )


def wait_until(what: Callable[[], Any], seconds: float = 20, every: float = 0.05) -> Any:
    """The first true answer of `what`. Raises AssertionError when there is none in time."""
    until = time.monotonic() + seconds
    while True:
        if answer := what():
            return answer
        assert time.monotonic() < until, f"{what} did not come true in {seconds} s"
        time.sleep(every)


def alive(pid: int) -> bool:
    """Whether a process runs; one that has ended and was not collected yet does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):  # the latter: it went between opening and reading
        return False


def kill(pid: int) -> None:
    """kill -9; a process that has just died of another's death is dead enough."""
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGKILL)


def own_posts(root: str) -> list[tuple[str, str]]:
    """Everything said in our name on every simulated network: (the post it answers, its text)."""

    def listed(path: str, name: str) -> list[dict[str, Any]]:
        answer = httpx.get(root + path, params={"by": "us"}, timeout=20, trust_env=False)
        answer.raise_for_status()
        found: list[dict[str, Any]] = answer.json()[name]
        return found

    return [
        (network.parent(one), one["text"])
        for network in NETWORKS.values()
        for one in listed(network.path, network.listed)
    ]


class Running:
    """`hark up` on one data directory, to be killed and started again. Ends with the `with` block."""

    def __init__(self, data: Path, **settings: object) -> None:
        self.data, self.log = data, data.with_suffix(".log")
        self.port, self.simulator_port = free_port(), free_port()
        self.root = f"http://127.0.0.1:{self.simulator_port}"
        self._settings = settings | {"simulator_port": self.simulator_port}
        self.process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.end(signal.SIGTERM)

    def start(self) -> str:
        """Start it and wait until the desk answers; the sign-in link."""
        before = len(self.said())
        self.process = spawn("up", "--data", self.data, "--port", self.port, log=self.log, **self._settings)

        def link() -> str | None:
            found = LINK.search(self.said()[before:])
            assert found or (self.process and self.process.poll() is None), self.said()
            return found.group() if found else None

        return str(wait_until(link, START_SECONDS))

    def end(self, number: signal.Signals) -> int | None:
        """Send a signal and wait for the end; the exit code."""
        if self.process is None:
            return None
        self.process.send_signal(number)
        return self.process.wait(STOP_SECONDS)

    def said(self) -> str:
        """Everything it wrote so far."""
        return self.log.read_text() if self.log.exists() else ""

    def pids(self) -> dict[str, int]:
        """The processes, as `hark status` names them; without starting it, since this is asked again and again."""
        return running_pids(self.data)

    def status(self) -> dict[str, Any]:
        """`hark status --json`."""
        done = hark("status", "--json", "--data", self.data)
        assert done.returncode == 0, done.stderr
        status: dict[str, Any] = json.loads(done.stdout)
        return status

    def control(self, method: str, path: str, body: object = None, **query: str) -> Any:
        """Ask the simulator's control API, again while it is being started anew: what is said there is keyed."""
        root = f"{self.root}/control"

        def asked() -> httpx.Response | None:
            try:
                return httpx.request(method, root + path, json=body, params=query, timeout=20, trust_env=False)
            except httpx.TransportError:
                return None

        answer: httpx.Response = wait_until(lambda: (got := asked()) is not None and [got], 30)[0]
        answer.raise_for_status()
        return answer.json()

    def replay(self, file: Path, *options: object) -> "subprocess.Popen[str]":
        """Start a replay; its JSON comes on standard output."""
        command = [sys.executable, "-m", "hark311", "replay", str(file), "--data", str(self.data), "--json"]
        return subprocess.Popen(
            [*command, *map(str, options)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            env=environment(**self._settings),
        )


def lines(count: int, name: str, texts: Sequence[str]) -> str:
    """A file of residents' posts for `hark replay`; every text occurs once."""
    return "".join(
        json.dumps({"id": f"{name}-{number}", "text": texts[number % len(texts)].format(number=number)}) + "\n"
        for number in range(count)
    )
