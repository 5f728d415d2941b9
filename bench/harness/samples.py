"""What is made of samples: medians, spreads, verdicts, and the comparison with earlier results."""

import dataclasses
import statistics


def quantile(values, share):
    """By linear interpolation between the closest ranks."""
    ordered = sorted(values)
    place = (len(ordered) - 1) * share
    below = int(place)
    above = min(below + 1, len(ordered) - 1)
    return ordered[below] + (ordered[above] - ordered[below]) * (place - below)


@dataclasses.dataclass(frozen=True)
class Spread:
    """How sure a median is, and the extremes.

    `notch` is that of a notched box plot, 1.57 interquartile ranges by the root of the number of
    samples: two medians differ when they lie further apart than their notches reach together. Of
    like samples one pair in twenty seems to, of five samples each one in eight, of three one in seven
    (McGill, Tukey, Larsen: Variations of Box Plots, 1978).
    """

    notch: float
    least: float
    greatest: float

    @classmethod
    def of(cls, values):
        middle_half = quantile(values, 0.75) - quantile(values, 0.25)
        return cls(1.57 * middle_half / len(values) ** 0.5, min(values), max(values))


@dataclasses.dataclass
class Line:
    """One line of the table.

    `samples` are what the goal speaks of: ratios of pairs that were measured one after the other,
    or absolute values. `flotilla` and `component` are what the ratios were made of.
    """

    id: str
    what: str
    samples: list
    goal: float
    is_more_better: bool
    unit: str = "×"
    # How much was done: only what did as much can be compared.
    setup: dict = dataclasses.field(default_factory=dict)
    flotilla: list = dataclasses.field(default_factory=list)
    component: list = dataclasses.field(default_factory=list)
    absolute_unit: str = ""
    beside: str = ""
    note: str = ""

    @classmethod
    def ratio(cls, id, what, pairs, goal, is_more_better=True, absolute_unit="1/s", beside="",
              note="", setup=None):
        """Of (component, flotilla) pairs, Flotilla's share."""
        if not pairs or any(component <= 0 or flotilla <= 0 for component, flotilla in pairs):
            raise ValueError(f"{id}: something measured nothing: {pairs}")
        return cls(
            id, what, [flotilla / component for component, flotilla in pairs], goal,
            is_more_better, "×", setup or {}, [flotilla for _, flotilla in pairs],
            [component for component, _ in pairs], absolute_unit, beside, note)

    @property
    def value(self):
        return statistics.median(self.samples)

    @property
    def spread(self):
        return Spread.of(self.samples)

    @property
    def stated(self):
        """How far from the value that of a like run may lie, as far as this one can know."""
        return stated(self.samples, self.unit)

    @property
    def is_reached(self):
        return self.value >= self.goal if self.is_more_better else self.value <= self.goal

    def json(self):
        spread = self.spread
        return {
            "id": self.id, "what": self.what, "beside": self.beside, "unit": self.unit,
            "value": self.value, "stated": self.stated, "least": spread.least,
            "greatest": spread.greatest, "goal": self.goal,
            "isMoreBetter": self.is_more_better, "isReached": self.is_reached,
            "setup": self.setup,
            "samples": self.samples, "flotilla": self.flotilla, "component": self.component,
            "absoluteUnit": self.absolute_unit, "note": self.note,
        }


# What no handful of rounds shows, as a share of the value: runs lie apart whatever happens within one.
# Times, which nothing is beside, follow the machine's pace, which is another one from hour to hour
# where others share it; ratios are free of most of that. Memory follows the order in which threads
# ask for it, and a million events are measured once a run.
DRIFT = {"×": 0.02, "ms": 0.08, "MiB": 0.03}


def stated(samples, unit):
    """The spread that a run states: its notch, or what runs drift where that is more."""
    return max(Spread.of(samples).notch, DRIFT[unit] * abs(statistics.median(samples)))


def compared(line, accepted):
    """What became of a line since the accepted results: "" for a new one, or where other work was
    done then.

    Two runs are the same where they lie no further apart than what both state as their spread.
    """
    if accepted is None or accepted.get("setup") != line.setup:
        return ""
    margin = line.stated + stated(accepted["samples"], line.unit)
    difference = line.value - accepted["value"]
    if abs(difference) <= margin:
        return "same" if line.is_reached or not accepted["isReached"] else "same, goal missed now"
    is_better = (difference > 0) == line.is_more_better
    share = abs(difference) / abs(accepted["value"]) if accepted["value"] else 0
    return f"{'better' if is_better else 'WORSE'} by {share:.0%}"
