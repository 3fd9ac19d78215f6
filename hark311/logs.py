"""Logging with secrets taken out: tokens reach no log at any level, whichever library writes the line."""

import logging
import re
from collections.abc import Iterable
from typing import Any
from urllib.parse import unquote, urlsplit

from pydantic import BaseModel, SecretStr

TOKEN_IN_URL = re.compile(r"/bot\d+:[A-Za-z0-9_-]+")
BEARER = re.compile(r"\b(Bearer|OAuth) [^\s'\"]+[^\n]*", re.IGNORECASE)


class WithoutSecrets(logging.Filter):
    """Replaces every known secret, and whatever looks like a bot token or an Authorization header."""

    def __init__(self, secrets: Iterable[str]) -> None:
        super().__init__()
        self._secrets = sorted({one for one in secrets if len(one) >= 6}, key=len, reverse=True)

    def clean(self, text: str) -> str:
        for secret in self._secrets:
            text = text.replace(secret, "***")
        return BEARER.sub(r"\1 ***", TOKEN_IN_URL.sub("/bot***", text))

    def filter(self, record: logging.LogRecord) -> bool:
        try:
            said = record.getMessage()
        except Exception:  # a log line that does not fit its arguments must not stop what it tells about
            said = f"{record.msg} {record.args}"
        record.msg, record.args = self.clean(said), ()
        if record.exc_info and not record.exc_text:
            record.exc_text = logging.Formatter().formatException(record.exc_info)
        if record.exc_text:
            record.exc_text = self.clean(record.exc_text)
        if record.stack_info:
            record.stack_info = self.clean(record.stack_info)
        return True


def secrets_in(model: BaseModel) -> set[str]:
    """Every SecretStr that is set anywhere in some settings, and the passwords inside those that are URLs."""
    whole = set(filter(None, _walk(model)))
    return whole | {password for one in whole if "://" in one for password in _passwords(one)}


def _passwords(url: str) -> Iterable[str]:
    try:
        password = urlsplit(url).password
    except ValueError:
        return ()
    return (password, unquote(password)) if password else ()


def _walk(value: Any) -> Iterable[str]:
    if isinstance(value, SecretStr):
        yield value.get_secret_value()
    elif isinstance(value, BaseModel):
        for name in type(value).model_fields:
            yield from _walk(getattr(value, name))
    elif isinstance(value, dict):
        for one in value.values():
            yield from _walk(one)
    elif isinstance(value, list):
        for one in value:
            yield from _walk(one)


def set_up(name: str, secrets: Iterable[str], level: int = logging.INFO) -> None:
    """Log this process to standard error, one line an event, without secrets."""
    handler = logging.StreamHandler()
    handler.setFormatter(logging.Formatter(f"%(asctime)s {name} %(levelname)s %(name)s: %(message)s"))
    handler.addFilter(WithoutSecrets(secrets))
    logging.basicConfig(level=level, handlers=[handler], force=True)
    for talkative in ("alembic", "httpx", "httpcore", "tweepy", "telegram", "arq.jobs", "arq.worker"):
        logging.getLogger(talkative).setLevel(logging.WARNING)
    # it writes down every answer it cannot read, which may hold what a resident said
    logging.getLogger("telegram.request.BaseRequest").setLevel(logging.CRITICAL)
