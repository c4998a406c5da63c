"""Ways to show a station while it runs: a live screen, plain lines, or nothing."""

from types import TracebackType
from typing import Final, Protocol, Self

from pydantic import BaseModel
from rich.console import Console
from rich.live import Live

from firmware_py.screen.plain import PlainLines
from firmware_py.screen.render import TIGHT_HEIGHT, TIGHT_WIDTH, Screen
from firmware_py.screen.view import View

FRAME_S: Final = 0.125


class Show(Protocol):
    """Told of every message that the model took, and given a view several times a second."""

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...

    def say(self, text: str) -> None:
        """A line about what goes on beside the swap."""
        ...

    def message(self, message: BaseModel, view: View) -> None:
        """A message came; `view` is after it."""
        ...

    def frame(self, view: View) -> None:
        """Time has passed."""
        ...


class Silent:
    """Shows nothing: somebody reads the result alone."""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        pass

    def say(self, text: str) -> None:
        """Nothing."""

    def message(self, message: BaseModel, view: View) -> None:
        """Nothing."""

    def frame(self, view: View) -> None:
        """Nothing."""


class Lines(Silent):
    """Plain lines for logs and pipes."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._lines = PlainLines()

    def say(self, text: str) -> None:
        """As a line."""
        self._print(text)

    def message(self, message: BaseModel, view: View) -> None:
        """As lines, where it is worth one."""
        for line in self._lines.of(message, view):
            self._print(line)

    def _print(self, text: str) -> None:
        self._console.print(text, markup=False, highlight=False, soft_wrap=True)


class LiveScreen(Silent):
    """The full screen, from the first view on; gives the terminal back as it was."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._live: Live | None = None

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._live is not None:
            self._live.stop()

    def say(self, text: str) -> None:
        """Before the screen comes up."""
        if self._live is None:
            self._console.print(text, markup=False, highlight=False)

    def frame(self, view: View) -> None:
        """Draw it."""
        if self._live is None:
            self._live = Live(console=self._console, screen=True, auto_refresh=False)
            self._live.start()
        self._live.update(Screen(view), refresh=True)


def show_for(console: Console, *, silent: bool = False) -> Show:
    """The best that the console can do."""
    if silent:
        return Silent()
    big = console.width >= TIGHT_WIDTH and console.height >= TIGHT_HEIGHT
    return LiveScreen(console) if console.is_terminal and not console.is_dumb_terminal and big else Lines(console)
