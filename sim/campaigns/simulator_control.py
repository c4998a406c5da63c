"""What a running simulator does when it is asked over its socket: faults, cars, orders, reservations, and the truth."""

from collections.abc import Callable, Mapping
from dataclasses import asdict
from typing import Any, Final

from firmware_py.shell.line_socket import Request, RequestError
from firmware_py.shell.peer import Peer
from sim.campaigns.serve import HOLD_S, Served
from sim.faults import CATALOGUE, FaultError, Rig, clear, describe, inject
from sim.faults.kinds import FaultKind, Parameter

COMMANDS: Final = ("order", "reserve")
"""What is sent to the station over the broker, which then answers."""
MOVERS: Final = ("lift", "locks", "shuttle", "stacker", "platform")


class SimulatorControl:
    """Answers `{"action": "faults" | "fault" | "car" | "order" | "reserve" | "status", ...}`."""

    def __init__(self, served: Served) -> None:
        self._served = served
        self._standing: list[str] = []
        self._acts: Mapping[str, Callable[[Request], Mapping[str, Any]]] = {
            "faults": self._faults,
            "fault": self._fault,
            "car": self._car,
            "order": self._order,
            "reserve": self._reserve,
            "status": self._status,
        }

    async def answer(self, request: Request, _: Peer) -> Mapping[str, Any]:
        """Do it. Raises `RequestError` for what cannot be done; the text says why."""
        act = self._acts.get(str(request.get("action")))
        if act is None:
            raise RequestError(f"unknown action {request.get('action')!r}; allowed: {', '.join(self._acts)}")
        try:
            done = act(request)
            sent = next((name for name in COMMANDS if name in done), None)
            answer = {} if sent is None else {"answer": await self._served.answer_to(sent, done[sent]["id"])}
        except (FaultError, LookupError, TypeError, ValueError) as error:
            raise RequestError(str(error)) from error
        return {"ok": True, **done, **answer}

    def _faults(self, _: Request) -> Mapping[str, Any]:
        rig = self._served.rig
        return {
            "faults": [_described(rig, kind) for kind in CATALOGUE.values()],
            "lines": describe(rig),
            "standing": self._standing,
        }

    def _fault(self, request: Request) -> Mapping[str, Any]:
        name, arguments = str(request.get("name")), dict(request.get("arguments", {}))
        words = " ".join([name, *(f"{k}={v}" for k, v in arguments.items())])
        if request.get("clear"):
            clear(self._served.rig, name, **arguments)
            self._standing = [one for one in self._standing if one != words]
        else:
            inject(self._served.rig, name, **arguments)
            if CATALOGUE[name].clear is not None and words not in self._standing:
                self._standing.append(words)
        return {"fault": words, "cleared": bool(request.get("clear")), "standing": self._standing}

    def _car(self, request: Request) -> Mapping[str, Any]:
        car = self._served.car(request.get("vin"))
        assert car.pack is not None  # a car comes with its pack
        answer: dict[str, Any] = {"vin": car.vin, "serial": car.pack.serial}
        if request.get("order"):
            answer["order"] = self._served.order(car.vin).model_dump()
        return answer

    def _order(self, request: Request) -> Mapping[str, Any]:
        return {"order": self._served.order(request.get("vin")).model_dump()}

    def _reserve(self, request: Request) -> Mapping[str, Any]:
        hold_s = request.get("hold_s")
        wish = self._served.reserve(request.get("vin"), HOLD_S if hold_s is None else float(hold_s))
        return {"reserve": wish.model_dump()}

    def _status(self, _: Request) -> Mapping[str, Any]:
        world = self._served.world
        lane = world.cars.lane
        return {
            "station": self._served.station.name,
            "speed": world.clock.speed,
            "plant_s": round(world.clock.plant, 3),
            "packs": {place: pack.serial for place, pack in sorted(world.packs.at.items())},
            "lane": lane.vin if lane else None,
            "queue": [car.vin for car in world.cars.queue],
            "departed": [car.vin for car in world.cars.departed],
            "moving": [name for name in MOVERS if getattr(world, name).moving],
            "breaches": [asdict(breach) for breach in world.referee.breaches],
            "standing": self._standing,
        }


def _described(rig: Rig, kind: FaultKind) -> dict[str, Any]:
    return {
        "name": kind.id,
        "title": kind.title,
        "part": kind.part,
        "momentary": kind.clear is None,
        "parameters": [_parameter(rig, parameter) for parameter in kind.parameters],
    }


def _parameter(rig: Rig, parameter: Parameter) -> dict[str, Any]:
    allowed = parameter.allowed(rig.world, rig.emulators) if parameter.allowed else ()
    return {
        "name": parameter.name,
        "title": parameter.title,
        "type": parameter.kind.__name__,
        "allowed": list(allowed),
        "default": parameter.default,
    }
