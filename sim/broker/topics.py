"""Topic names, topic filters, and the table of who wants what."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, Generic, TypeVar

MAX_LEVELS: Final = 64
_CACHED_TOPICS: Final = 4096

Key = TypeVar("Key")


@dataclass(frozen=True, slots=True)
class Grant:
    """What a subscription was granted."""

    qos: int
    no_local: bool = False
    retain_as_published: bool = False

    def joined(self, other: "Grant") -> "Grant":
        """Overlapping filters of one client deliver once, with the best of both."""
        return Grant(
            max(self.qos, other.qos),
            self.no_local and other.no_local,
            self.retain_as_published or other.retain_as_published,
        )


def is_topic(name: str) -> bool:
    """A name one may publish to: not empty, no wildcard, not too deep."""
    return bool(name) and "+" not in name and "#" not in name and name.count("/") < MAX_LEVELS


def is_filter(name: str) -> bool:
    """A filter one may subscribe to: wildcards fill whole levels, # stands last."""
    levels = name.split("/")
    if not name or len(levels) > MAX_LEVELS or "#" in "/".join(levels[:-1]):
        return False
    return all(level in ("+", "#") or ("+" not in level and "#" not in level) for level in levels)


def matches(topic_filter: str, topic: str) -> bool:
    """Whether the filter takes the topic. Wildcards never take a topic whose first level starts with $."""
    return _levels_match(topic_filter.split("/"), topic.split("/"))


def _levels_match(wanted: list[str], levels: list[str]) -> bool:
    if wanted[0] in ("+", "#") and levels[0].startswith("$"):
        return False
    for index, want in enumerate(wanted):
        if want == "#":
            return True
        if index >= len(levels) or (want != "+" and want != levels[index]):
            return False
    return len(wanted) == len(levels)


class Routes(Generic[Key]):
    """Who gets a message on a topic: exact filters by look-up, wildcards by search, both remembered by topic."""

    def __init__(self) -> None:
        self._filters: dict[str, dict[Key, Grant]] = {}
        self._wild: dict[str, list[str]] = {}
        self._cache: dict[str, tuple[tuple[Key, Grant], ...]] = {}

    def add(self, topic_filter: str, key: Key, grant: Grant) -> None:
        """Subscribe `key`; an earlier grant for the same filter is replaced."""
        self._filters.setdefault(topic_filter, {})[key] = grant
        if "+" in topic_filter or "#" in topic_filter:
            self._wild[topic_filter] = topic_filter.split("/")
        self._cache.clear()

    def remove(self, topic_filter: str, key: Key) -> None:
        """Forget the subscription, if there is one."""
        holders = self._filters.get(topic_filter)
        if holders is None or holders.pop(key, None) is None:
            return
        if not holders:
            del self._filters[topic_filter]
            self._wild.pop(topic_filter, None)
        self._cache.clear()

    def route(self, topic: str) -> tuple[tuple[Key, Grant], ...]:
        """Each interested key once, with its joined grant."""
        found = self._cache.get(topic)
        if found is None:
            found = self._search(topic)
            if len(self._cache) >= _CACHED_TOPICS:
                self._cache.clear()
            self._cache[topic] = found
        return found

    def _search(self, topic: str) -> tuple[tuple[Key, Grant], ...]:
        found: dict[Key, Grant] = {}
        for name in self._matching(topic):
            for key, grant in self._filters[name].items():
                earlier = found.get(key)
                found[key] = grant if earlier is None else earlier.joined(grant)
        return tuple(found.items())

    def _matching(self, topic: str) -> Iterator[str]:
        if topic in self._filters and topic not in self._wild:
            yield topic
        levels = topic.split("/")
        for name, wanted in self._wild.items():
            if _levels_match(wanted, levels):
                yield name
