"""The terminal screen of a station: a pure model fed with messages of the contract, and ways to show it."""

from sim.campaigns.screen.model import ScreenModel
from sim.campaigns.screen.view import View

__all__ = ["ScreenModel", "View"]
