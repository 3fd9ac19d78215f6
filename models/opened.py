"""What every adapter is: something that is entered, and whose connections are closed when it is left."""

from abc import ABC, abstractmethod
from types import TracebackType
from typing import Self


class Opened(ABC):
    """An async context manager that owns its client; `_close` lets go of it."""

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._close()

    @abstractmethod
    async def _close(self) -> None: ...
