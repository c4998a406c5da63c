"""The table of all targets, by name."""

from collections.abc import Callable
from functools import partial
from typing import Final

from hal.contract import ActCommand, OrderCommand
from tests.fuzz import config_targets, frame_targets, modbus_targets, register_targets, text_targets
from tests.fuzz.harness import Target

TARGETS: Final[dict[str, Callable[[], Target]]] = {
    **{f"registers {kind}": partial(register_targets.Reads, kind) for kind in register_targets.kinds()},
    "register writes, device side": register_targets.Writes,
    "Modbus TCP answers": modbus_targets.TcpAnswers,
    "Modbus RTU answers": modbus_targets.RtuAnswers,
    "Modbus TCP requests, device side": modbus_targets.TcpRequests,
    "Modbus RTU requests, device side": modbus_targets.RtuRequests,
    **{f"CAN frames {name}": partial(frame_targets.Frames, name) for name in frame_targets.senders()},
    "CAN frames of a charger module": frame_targets.Module,
    "socketcand text": text_targets.SocketcandText,
    "socketcand commands, device side": text_targets.SocketcandCommands,
    "slcan text": text_targets.SlcanText,
    "slcan commands, device side": text_targets.SlcanCommands,
    "code reader lines": text_targets.CodeLines,
    "MQTT order": partial(config_targets.Commands, OrderCommand, config_targets.ORDER),
    "MQTT act": partial(config_targets.Commands, ActCommand, config_targets.ACT),
    "station file": config_targets.StationFiles,
}
STATION_FILE: Final = "station file"
