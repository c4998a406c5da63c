"""What is known of how a run goes on: from the run without a crash, from earlier stories, from those of other runs.

Up to the first thing that a scenario breaks, its run is that of any scenario with the same cars: a boundary there has
the same history. A story after a crash at it is the same too, for as long as nothing of what it tells is a cue of the
scenario's own.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from sim.campaigns.director import Coming, Cue
from sim.campaigns.sameness import word


@dataclass(frozen=True)
class Place:
    """One place that a story came through: its word (`sameness`), what people had in mind, what was heard up to it."""

    same: str
    person: str
    heard: frozenset[Cue]


@dataclass(frozen=True)
class Story:
    """What followed a crash. `line`: its result; `places`: where it can be compared."""

    line: dict[str, Any]
    places: tuple[Place, ...]


def told_places(places: Sequence[Place]) -> list[list[Any]]:
    """For a line of results: what each place has heard more than the one before."""
    before: frozenset[Cue] = frozenset()
    told = []
    for place in places:
        told.append([place.same, place.person, sorted(map(list, place.heard - before))])
        before = place.heard
    return told


def story_of(line: dict[str, Any]) -> Story:
    """From a line of results."""
    heard: frozenset[Cue] = frozenset()
    places = []
    for same, person, more in line["places"]:
        heard |= {tuple(cue) for cue in more}
        places.append(Place(same, person, heard))
    return Story(line, tuple(places))


@dataclass
class Known:
    """`ends`: words -> how a run ended in which they came up. `stories` of other runs, by the history of the crash."""

    ends: dict[str, str] = field(default_factory=dict)
    stories: dict[str, Story] = field(default_factory=dict)

    def end(self, same: str, coming: Coming, person: str) -> str | None:
        """How it goes on from there, if that is known: as without a crash, or as an earlier story."""
        words = (word(same, coming), word(same, coming, person))
        return next((self.ends[each] for each in words if each in self.ends), None)

    def told(self, history: str, coming: Coming) -> tuple[Story, str] | None:
        """The story of another run that follows a crash here too, and how it ends. Its words are known from then on."""
        story = self.stories.get(history)
        if story is None or coming.cues is None:
            return None
        words = list[str]()
        for place in story.places:
            if place.heard & coming.cues:
                return None
            words.append(word(place.same, coming, place.person))
            end = self.end(place.same, coming, place.person)
            if end is not None:
                break
        else:
            if story.line["as_known"]:
                return None
            end = str(story.line["end"])
        self.ends.update(dict.fromkeys(words, end))
        return story, end
