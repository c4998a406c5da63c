"""Faults of the broker on demand: what it refuses, forgets, delays or swallows."""

from dataclasses import dataclass, field

from sim.broker.topics import matches

NOT_AUTHORIZED = 0x87


@dataclass(frozen=True, slots=True)
class Verdict:
    """The fate of one QoS 1 PUBLISH. `answered` false: the PUBACK is lost; `delay_s` holds it back."""

    code: int = 0
    delay_s: float = 0.0
    answered: bool = True


FINE = Verdict()
SILENT = Verdict(answered=False)


@dataclass(slots=True)
class _Rule:
    topic_filter: str
    verdict: Verdict
    left: int | None


@dataclass(slots=True)
class Faults:
    """Rules of the injected faults; `count` limits how often one strikes (None: until cleared)."""

    connect_code: int = 0
    connects_left: int | None = None
    isolated: set[str] = field(default_factory=set)
    _rules: list[_Rule] = field(default_factory=list)

    def reject_connect(self, code: int = NOT_AUTHORIZED, count: int | None = None) -> None:
        """Answer CONNECT with `code` (an MQTT 5 reason; 3.1.1 clients get the nearest old code)."""
        self.connect_code, self.connects_left = code, count

    def refuse(self, topic_filter: str, code: int = NOT_AUTHORIZED, count: int | None = None) -> None:
        """Do not take messages on matching topics. 3.1.1 clients see success and the message is gone."""
        self._rules.append(_Rule(topic_filter, Verdict(code=code), count))

    def drop_puback(self, topic_filter: str = "#", count: int | None = None) -> None:
        """Take and forward the message, but never acknowledge it."""
        self._rules.append(_Rule(topic_filter, SILENT, count))

    def delay_puback(self, delay_s: float, topic_filter: str = "#", count: int | None = None) -> None:
        """Take and forward the message, acknowledge it `delay_s` later."""
        self._rules.append(_Rule(topic_filter, Verdict(delay_s=delay_s), count))

    def clear(self) -> None:
        """Behave again. Isolated clients are restored by the core, which must close them."""
        self.connect_code, self.connects_left = 0, None
        self._rules.clear()

    def on_connect(self) -> int:
        """The code for the next CONNECT; uses the rule up."""
        code = self.connect_code
        if code and self.connects_left is not None:
            self.connects_left -= 1
            if self.connects_left <= 0:
                self.connect_code, self.connects_left = 0, None
        return code

    def on_publish(self, topic: str) -> Verdict:
        """The fate of a message on `topic`; the first matching rule strikes."""
        for rule in self._rules:
            if matches(rule.topic_filter, topic):
                if rule.left is not None:
                    rule.left -= 1
                    if rule.left <= 0:
                        self._rules.remove(rule)
                return rule.verdict
        return FINE
