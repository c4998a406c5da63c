"""Commands as the cloud sends them: each echoes the challenge that the station told last."""

from collections.abc import Callable
from typing import Any, Final

from hal.contract import OrderCommand, ReserveCommand, StationState, Topics
from hal.ports import Message
from sim.broker.core import BrokerCore

VALID_MS: Final = 600_000


class Sender:
    """Publishes as some client of the broker. `clock` is the loop's time, `now_ms` the wall clock of the sender."""

    def __init__(
        self, broker: BrokerCore, topics: Topics, clock: Callable[[], float], now_ms: Callable[[], int]
    ) -> None:
        self._broker = broker
        self._topics = topics
        self._clock = clock
        self._now_ms = now_ms

    @property
    def challenge(self) -> str:
        """What the station has told. Raises LookupError where it has told nothing yet."""
        told = self._broker.retained.get(self._topics.station)
        if told is None:
            raise LookupError(f"{self._topics.target} has not told its challenge yet: does the controller run?")
        return StationState.model_validate_json(told.payload).values.challenge

    def heads(self, command_id: str) -> dict[str, Any]:
        """What every command has."""
        now_ms = self._now_ms()
        return {
            "id": command_id,
            "issued_at": now_ms,
            "expires_at": now_ms + VALID_MS,
            "target": self._topics.target,
            "challenge": self.challenge,
        }

    def order(self, order_id: str, vin: str, vehicle: str, **other: Any) -> OrderCommand:
        """Order a swap; `other` takes the place of what a command has. Raises LookupError as `challenge` does."""
        order = OrderCommand.model_validate({**self.heads(order_id), "vin": vin, "vehicle": vehicle, **other})
        self.publish("order", order.model_dump_json().encode())
        return order

    def reserve(self, name: str, vin: str, vehicle: str, hold_s: float) -> ReserveCommand:
        """Ask for a pack to be held. Raises LookupError as `challenge` does."""
        wish = ReserveCommand.model_validate({**self.heads(name), "vin": vin, "vehicle": vehicle, "hold_s": hold_s})
        self.publish("reserve", wish.model_dump_json().encode())
        return wish

    def publish(self, name: str, payload: bytes) -> None:
        """Publish on the topic of a command."""
        self._broker.publish_local(Message(self._topics.command(name), payload), self._clock())
