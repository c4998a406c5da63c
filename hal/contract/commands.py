"""Commands of the contract, cloud to station, and their answers.

A command is never retained. It says for which station it is (`target`) and echoes the `challenge` that the station told
last in `state/station`: a challenge is used up by the command that the station takes, and every start of the station
makes new ones, so an old command is known as old without any clock. `expires_at` counts where somebody sets the clock.

Every command is answered on `cmd/{name}/reply`. The same one again (same `id`) is answered again, and acted on once.
"""

from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, ConfigDict, Field

from hal.contract.messages import ClockSource, Name, Text, _Message

Stamp = Annotated[int, Field(ge=0, le=2**53, description="ms since 1970 UTC")]
Vin = Annotated[str, Field(pattern=r"^[A-HJ-NPR-Z0-9]{17}$", description="ISO 3779: no I, O, Q")]
Outcome = Literal["accepted", "started", "completed", "failed", "refused"]


def _one_line(text: str) -> str:
    """What people read on screens, in logs and in journals has no control characters."""
    if not text.isprintable():
        raise ValueError("printable characters alone, on one line")
    return text


OneLine = AfterValidator(_one_line)


class Command(BaseModel):
    """What every command has."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: Name
    issued_at: Stamp
    expires_at: Stamp = Field(description="ms since 1970 UTC; judged where the station's clock is set by somebody")
    target: Annotated[str, OneLine] = Field(max_length=130, description="`site/station`, as `info` has them")
    challenge: Annotated[str, OneLine] = Field(
        min_length=1, max_length=80, description="echo of `state/station.challenge`"
    )


class OrderCommand(Command):
    """Serve one car. Answered on `cmd/order/reply`."""

    vin: Vin
    vehicle: Name
    pack_class: Name | None = None


class ActCommand(Command):
    """An operator's act (`cmd/reset`, `cmd/hold`, `cmd/resume`, `cmd/abort`), where the station file lets it in.

    Others (`clear`, `mode`, `step`, `jog`) are for a person beside the station, and always refused here.
    """

    who: Name = Field(description="the person who asks, as the sender knows them")
    why: Annotated[str, OneLine] = Field(min_length=1, max_length=500)


class ReserveCommand(Command):
    """Hold a pack for a car that will come; its `id` names the reservation. Answered on `cmd/reserve/reply`.

    The order for this car (same VIN) then gets that pack.
    """

    vin: Vin
    vehicle: Name
    pack_class: Name | None = None
    hold_s: float = Field(gt=0, le=31_536_000, description="s from now, until its order must have come")


class CancelCommand(Command):
    """Give a reservation up. Answered on `cmd/cancel/reply`."""

    reservation: Name


class OrderReplyValues(BaseModel):
    """What became of an order."""

    order_id: str
    answer: Outcome
    reason: Text = ""


class OrderReply(_Message):
    """QoS 1; every order gets `accepted` or `refused`, and an accepted one exactly one final answer.

    The same answer may come again: for the same order again, and after a restart that may have lost it.
    """

    values: OrderReplyValues


class CommandReplyValues(BaseModel):
    """What became of a command that is no order."""

    command: str
    command_id: str
    answer: Outcome
    reason: Text = ""


class CommandReply(_Message):
    """QoS 1; exactly one answer to each command, which may come again as that to an order."""

    values: CommandReplyValues


class ReservationValues(BaseModel):
    """A reservation as it stands now. `reason` says why its pack is another one, or why it has none, or its end."""

    reservation: str
    stage: Literal["requested", "held", "pre-staged", "in-use", "done", "expired", "cancelled"]
    bay: int | None = None
    serial: str | None = None
    left_s: float = Field(description="s until it expires; 0 once its order has come")
    swap_id: str = ""
    reason: Text = ""
    clock_source: ClockSource = "none"


class ReservationEvent(_Message):
    """QoS 1, with each change."""

    values: ReservationValues
