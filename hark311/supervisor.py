"""`hark up`: the whole product on one machine. Starts its parts, again when they die, and ends them together."""

import contextlib
import fcntl
import json
import logging
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType

import httpx

from hark311 import embedded
from hark311.settings import Settings, SettingsError
from hark311.simulated import simulator_port, simulator_root

log = logging.getLogger(__name__)

Popen = subprocess.Popen[bytes]
INSTANCE = "instance.json"
STOP_SECONDS = 15
READY_SECONDS = 60
SHORTEST_PAUSE, LONGEST_PAUSE = 0.5, 4.0
STAYS_UP_SECONDS = 10


@dataclass(slots=True)
class Part:
    """One process of the product, and how to start it."""

    name: str
    start: Callable[[], Popen]
    child: Popen | None = None
    started_at: float = 0.0
    failures: int = 0
    start_at: float = 0.0


@dataclass(slots=True)
class Supervisor:
    """Keeps the parts of one data directory running."""

    settings: Settings
    parts: list[Part] = field(default_factory=list)
    _stopping: bool = False

    @property
    def run_directory(self) -> Path:
        return self.settings.data / "run"

    def plan(self) -> None:
        """Decide which parts this product needs."""
        if not self.settings.redis_url:
            self.parts.append(Part("redis", lambda: embedded.start(self.settings)))
        if self.settings.simulated:
            self.parts.append(Part("simulator", lambda: self._own("simulate")))
        self.parts.append(Part("worker", lambda: self._own("worker", "--name", "up")))
        self.parts.append(Part("console", lambda: self._own("serve")))

    def _own(self, *command: str) -> Popen:
        """A part of ours: ends by itself when its standard input does, that is when the supervisor is gone."""
        argv = [sys.executable, "-m", "hark311", *command, "--data", str(self.settings.data), "--lifeline"]
        argv += ["--port", str(self.settings.port)]
        if self.settings.simulated:
            argv += ["--simulator-port", str(simulator_port(self.settings))]
        leaner = {"MALLOC_ARENA_MAX": "2"} | os.environ  # glibc else keeps an arena for every thread
        return subprocess.Popen(argv, stdin=subprocess.PIPE, env=leaner)  # noqa: S603 - our own program

    @contextlib.contextmanager
    def alone(self) -> Iterator[None]:
        """Hold the data directory. Raises SettingsError when another `hark up` has it, or a port is taken."""
        self.settings.data.mkdir(mode=0o700, parents=True, exist_ok=True)
        self.run_directory.mkdir(exist_ok=True)
        with (self.run_directory / "up.lock").open("w") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise SettingsError(
                    f"hark311 already runs with {self.settings.data}. Stop that one, or give this one another --data."
                ) from None
            self._require_free(self.settings.port, "--port")
            if self.settings.simulated:
                self._require_free(simulator_port(self.settings), "HARK_SIMULATOR_PORT")
            yield

    def _require_free(self, port: int, option: str) -> None:
        until = time.monotonic() + 5  # parts of a supervisor that was killed need a moment to notice
        while True:
            with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                try:
                    probe.bind((self.settings.host, port))
                    return
                except OSError:
                    if time.monotonic() > until:
                        raise SettingsError(f"Port {port} is taken. Choose another one with {option}.") from None
            time.sleep(0.1)

    def start(self) -> None:
        """Start every part and wait until the desk answers. Raises SettingsError when it does not."""
        for part in self.parts:
            self._start(part)
            if part.name == "simulator":
                self._wait_for(part, f"{simulator_root(self.settings)}/control/health")
                httpx.post(f"{simulator_root(self.settings)}/control/samples", timeout=30, trust_env=False)
        self._write_pids()
        console = self.parts[-1]
        self._wait_for(console, f"http://{self.settings.host}:{self.settings.port}/health")

    def _start(self, part: Part) -> None:
        part.child, part.started_at = part.start(), time.monotonic()

    def _wait_for(self, part: Part, url: str) -> None:
        until = time.monotonic() + READY_SECONDS
        while time.monotonic() < until:
            if part.child is not None and part.child.poll() is not None:
                break
            with contextlib.suppress(httpx.HTTPError):
                if httpx.get(url, timeout=2, trust_env=False).is_success:
                    return
            time.sleep(0.1)
        self.stop()
        raise SettingsError(f"The {part.name} did not start; the lines above say why.")

    def watch(self) -> None:
        """Keep the parts running until a signal says stop."""
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._on_signal)
        while not self._stopping:
            for part in self.parts:
                self._look_after(part)
            time.sleep(0.2)
        self.stop()

    def _on_signal(self, _number: int, _frame: FrameType | None) -> None:
        self._stopping = True

    def _look_after(self, part: Part) -> None:
        now = time.monotonic()
        if part.child is not None and part.child.poll() is not None:
            if now - part.started_at > STAYS_UP_SECONDS:
                part.failures = 0
            pause = min(SHORTEST_PAUSE * 2**part.failures, LONGEST_PAUSE)
            log.warning("%s stopped (%s); starting it again in %.1f s", part.name, part.child.returncode, pause)
            part.failures += 1
            part.child, part.start_at = None, now + pause
            self._write_pids()
        if part.child is None and now >= part.start_at:
            try:
                self._start(part)
            except SettingsError as error:
                log.error("%s", error)
                part.failures += 1
                part.start_at = now + LONGEST_PAUSE
            self._write_pids()

    def _write_pids(self) -> None:
        pids = {"up": os.getpid()} | {part.name: part.child.pid for part in self.parts if part.child}
        ports = {"port": self.settings.port, "simulator_port": simulator_port(self.settings)}
        file = self.run_directory / INSTANCE
        draft = file.with_suffix(".new")
        draft.write_text(json.dumps({"pids": pids, "ports": ports}))
        draft.replace(file)

    def stop(self) -> None:
        """End every part, the last started first."""
        for part in reversed(self.parts):
            if part.child and part.child.poll() is None:
                part.child.terminate()
                try:
                    part.child.wait(STOP_SECONDS)
                except subprocess.TimeoutExpired:
                    part.child.kill()
                    part.child.wait()
        (self.run_directory / INSTANCE).unlink(missing_ok=True)


def follow_lifeline() -> None:
    """End this process when its standard input ends: the supervisor holds the other side."""

    def wait() -> None:
        with contextlib.suppress(OSError, ValueError):
            while os.read(0, 64):
                pass
        os.kill(os.getpid(), signal.SIGTERM)
        time.sleep(STOP_SECONDS)
        os._exit(1)

    threading.Thread(target=wait, name="lifeline", daemon=True).start()


def running_pids(data: Path) -> dict[str, int]:
    """The processes of a data directory that are alive, by name."""
    pids: dict[str, int] = _instance(data).get("pids", {})
    return {name: pid for name, pid in pids.items() if _alive(pid)}


def running_ports(data: Path) -> dict[str, int]:
    """The ports of the product that runs with a data directory (or ran last and was killed)."""
    ports: dict[str, int] = _instance(data).get("ports", {})
    return ports


def _instance(data: Path) -> dict[str, dict[str, int]]:
    try:
        read: dict[str, dict[str, int]] = json.loads((data / "run" / INSTANCE).read_text())
    except (OSError, ValueError):
        return {}
    return read


def _alive(pid: int) -> bool:
    """Whether a process runs. On Linux, one that has ended and was not collected yet does not (proc(5), stat)."""
    try:
        os.kill(pid, 0)
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except ProcessLookupError:
        return False
    except (PermissionError, FileNotFoundError):
        return True
