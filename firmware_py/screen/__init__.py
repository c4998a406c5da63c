"""The terminal screen of a station: a pure model fed with messages of the contract, and ways to show it."""

from firmware_py.screen.model import ScreenModel
from firmware_py.screen.view import View

__all__ = ["ScreenModel", "View"]
