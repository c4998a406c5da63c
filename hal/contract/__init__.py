"""The words spoken with the cloud, v1. Imports pydantic alone: a consumer can be handed this package and no more."""

from hal.contract.messages import (
    Alarm,
    BayState,
    Info,
    LiftState,
    LockState,
    OrderCommand,
    OrderReply,
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
    "Info",
    "LiftState",
    "LockState",
    "OrderCommand",
    "OrderReply",
    "RecordEvent",
    "SimulatorNotice",
    "StationState",
    "Status",
    "StepEvent",
    "SwapEvent",
    "Topics",
]
