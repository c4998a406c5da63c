"""What the cloud may ask, each at its desk, behind one door."""

from collections.abc import AsyncIterator, Callable
from typing import Protocol

from firmware_py.core.effects import Told
from firmware_py.core.events import Action, Event, Operator
from firmware_py.core.image import Image
from firmware_py.core.params import Params
from firmware_py.core.reservations import Limits
from firmware_py.core.state import State
from firmware_py.shell.admission import Moment
from firmware_py.shell.answers import ORDER, Answers
from firmware_py.shell.clock import ClockSource
from firmware_py.shell.cloud import Cloud
from firmware_py.shell.command_desk import CommandDesk, Desk
from firmware_py.shell.journal import Journal
from firmware_py.shell.orders import OrderDesk
from firmware_py.shell.recorder import Recorder
from firmware_py.shell.remote_acts import ActDesk
from firmware_py.shell.reservation_desk import CANCEL, RESERVE, CancelDesk, Reservations, ReserveDesk
from hal.config.bundle import Station
from hal.ports import Message


class _Host(Protocol):
    @property
    def clock(self) -> Callable[[], float]: ...
    @property
    def now_ms(self) -> Callable[[], int]: ...
    @property
    def clock_source(self) -> Callable[[], ClockSource]: ...
    def wall_s(self) -> float | None:
        """The wall clock in s, where somebody sets it."""
        ...


class _Observer(Protocol):
    @property
    def image(self) -> Image: ...


class Decider(Protocol):
    """What the desks need of the controller."""

    @property
    def station(self) -> Station: ...
    @property
    def params(self) -> Params: ...
    @property
    def host(self) -> _Host: ...
    @property
    def cloud(self) -> Cloud: ...
    @property
    def state(self) -> State: ...
    @property
    def observer(self) -> _Observer: ...

    def decide(self, event: Event) -> None:
        """One step of the core."""
        ...

    def new_swap_id(self) -> str:
        """The identity of the next swap."""
        ...

    async def operate(self, operator: Operator) -> Told:
        """An operator's act."""
        ...


class Desks:
    """Builds them. A command that is taken uses up the challenge, which is told anew at once."""

    def __init__(self, by: Decider, recorder: Recorder) -> None:
        self._by = by
        host, config = by.host, by.station.config
        source = host.clock_source
        answers = self._answers = Answers(recorder, by.cloud.reply, config.cloud.answers_kept)
        self.reservations = Reservations(
            Limits(config.reservations.most, config.reservations.longest_s),
            by.params,
            recorder,
            host.clock,
            source,
            lambda: by.observer.image,
            lambda: by.state,
            by.decide,
            by.cloud.reservation,
        )
        self.orders = OrderDesk(answers, recorder, by.decide, by.new_swap_id, self._moment, self.reservations)
        desks: dict[str, Desk] = {
            ORDER: self.orders,
            RESERVE: ReserveDesk(self.reservations, answers, host.clock),
            CANCEL: CancelDesk(self.reservations, answers),
        }
        for action in Action:
            desks[action.value] = ActDesk(action, answers, recorder, by.operate, source, allowed=config.cloud.remote)
        topics = by.cloud.topics
        self._commands = CommandDesk(topics.root, topics.target, desks, answers, self._moment, self._spend)

    async def recall(self, journal: Journal, open_swap: str | None) -> None:
        """Remember what was asked before the start, and answer what will not be served any more."""
        await self.orders.recall(journal, open_swap)
        await self.reservations.recall(journal, open_swap, self._by.host.wall_s())

    async def run(self, messages: AsyncIterator[Message]) -> None:
        """Take commands for ever."""
        await self._commands.run(messages)

    def _moment(self) -> Moment:
        host = self._by.host
        return Moment(self._by.cloud.challenge.current, host.now_ms(), host.clock_source())

    def _spend(self) -> None:
        self._by.cloud.challenge.spend()
        self._by.cloud.state(self._by.state)
