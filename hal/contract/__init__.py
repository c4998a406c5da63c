"""The words spoken with the cloud, v1. Imports pydantic alone: a consumer can be handed this package and no more."""

from hal.contract.messages import (
    Alarm,
    BayState,
    FireState,
    Info,
    LaneState,
    LiftState,
    LockState,
    OrderCommand,
    OrderReply,
    PowerState,
    RecordEvent,
    SimulatorNotice,
    StationState,
    Status,
    StepEvent,
    SwapEvent,
)
from hal.contract.topics import Topics

__all__ = [
    "Alarm",
    "BayState",
    "FireState",
    "Info",
    "LaneState",
    "LiftState",
    "LockState",
    "OrderCommand",
    "OrderReply",
    "PowerState",
    "RecordEvent",
    "SimulatorNotice",
    "StationState",
    "Status",
    "StepEvent",
    "SwapEvent",
    "Topics",
]
