"""City in a box: four networks and a 311 city spoken over HTTP on loopback, for demo, training, tests and load.

Every process of the product reads the settings; what serves is imported only where it is asked for.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from hark311.simulator.settings import SimulatorSettings, XKeys

if TYPE_CHECKING:
    from hark311.simulator.running import RunningSimulator
    from hark311.simulator.server import create_app, serve

__all__ = ["RunningSimulator", "SimulatorSettings", "XKeys", "create_app", "serve"]

_MODULES = {"RunningSimulator": "running", "create_app": "server", "serve": "server"}


def __getattr__(name: str) -> Any:
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_MODULES[name]}"), name)
