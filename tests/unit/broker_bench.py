"""A broker core with numbered clients, time as an argument."""

from sim.broker.core import BrokerCore, Limits
from sim.broker.packets import V5, Connect, Packet, Publish, Subscribe, Will, decode, encode
from sim.broker.wire import Splitter

WILL = Will("status", b"offline", 1)


class Bench:
    """A core with clients that are numbered; each keeps what the core sent to it."""

    def __init__(self, limits: Limits | None = None) -> None:
        self.core = BrokerCore(limits)
        self.now = 100.0
        self.closed: set[int] = set()
        self._versions: dict[int, int] = {}
        self._inbox: dict[int, list[Packet]] = {}
        self._splitters: dict[int, Splitter] = {}

    def connect(self, packet: Connect) -> int:
        conn_id = len(self._versions) + 1
        self._versions[conn_id], self._inbox[conn_id], self._splitters[conn_id] = packet.version, [], Splitter(1 << 24)
        self.core.connect(conn_id, self.now)
        self.send(conn_id, packet)
        return conn_id

    def join(self, client_id: str, *filters: str, version: int = V5, **more: object) -> int:
        conn_id = self.connect(Connect(client_id, version, **more))  # type: ignore[arg-type]
        if filters:
            self.send(conn_id, Subscribe(1, tuple((name, 1) for name in filters)))
        self.take(conn_id)
        return conn_id

    def send(self, conn_id: int, packet: Packet) -> None:
        self.core.receive(conn_id, encode(packet, self._versions[conn_id]), self.now)

    def take(self, conn_id: int) -> list[Packet]:
        """What came for the client since the last call."""
        for target, data in self.core.take_outputs():
            if data is None:
                self.closed.add(target)
            else:
                version = self._versions[target]
                self._inbox[target] += [decode(*parts, version) for parts in self._splitters[target].feed(data)]
        taken, self._inbox[conn_id] = self._inbox[conn_id], []
        return taken

    def pass_time(self, seconds: float) -> None:
        """Serve every timer on the way, at its time."""
        end = self.now + seconds
        while (due := self.core.next_due()) is not None and due <= end:
            self.now = max(self.now, due)
            self.core.tick(self.now)
        self.now = end


def payloads(packets: list[Packet]) -> list[bytes]:
    return [packet.payload for packet in packets if isinstance(packet, Publish)]
