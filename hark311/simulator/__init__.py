"""City in a box: X, Telegram and a 311 city spoken over HTTP on loopback, for demo, training, tests and load."""

from hark311.simulator.running import RunningSimulator
from hark311.simulator.server import create_app, serve
from hark311.simulator.settings import SimulatorSettings, XKeys

__all__ = ["RunningSimulator", "SimulatorSettings", "XKeys", "create_app", "serve"]
