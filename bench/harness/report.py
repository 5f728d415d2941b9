"""The table, the file of results, and the picture."""

import json
from statistics import median

from .samples import compared


def shown(value):
    """A number as people read it: three digits that matter."""
    if value >= 1000:
        return f"{value:,.0f}".replace(",", " ")
    if value >= 100:
        return f"{value:.0f}"
    if value >= 10:
        return f"{value:.1f}"
    return f"{value:.2f}"


def table(lines, accepted):
    """Markdown that reads as text, too."""
    head = ["id", "what", "value", "±", "min – max", "goal", "reached", "since accepted",
            "Flotilla", "component"]
    rows = [head]
    for line in lines:
        spread, unit = line.spread, "" if line.unit == "×" else f" {line.unit}"
        rows.append([
            line.id, line.what, shown(line.value) + (unit or " ×"),
            shown(line.stated),
            f"{shown(spread.least)} – {shown(spread.greatest)}",
            f"{'≥' if line.is_more_better else '≤'} {shown(line.goal)}{unit}",
            "yes" if line.is_reached else "NO", compared(line, accepted.get(line.id)) or "–",
            absolute(line.flotilla, line.absolute_unit),
            absolute(line.component, line.absolute_unit),
        ])
    widths = [max(len(row[column]) for row in rows) for column in range(len(head))]
    text = ["| " + " | ".join(cell.ljust(width) for cell, width in zip(row, widths)) + " |"
            for row in rows]
    text.insert(1, "|" + "|".join("-" * (width + 2) for width in widths) + "|")
    return "\n".join(text)


def absolute(samples, unit):
    if not samples:
        return ""
    return f"{shown(median(samples))} {unit}".strip()


def notes(lines):
    """What each line stands beside, and what else there is to know."""
    parts = [(line.id, [f"beside {line.beside}"] * bool(line.beside)
              + [line.note] * bool(line.note)) for line in lines]
    return "\n".join(f"{id}: {'; '.join(part)}" for id, part in parts if part)


def agreement(lines, accepted):
    """How many lines came to the same as the run they are compared with."""
    found = [compared(line, accepted.get(line.id)) for line in lines]
    comparable = [one for one in found if one]
    if not comparable:
        return "Nothing can be compared: other work was done then."
    same = sum(one.startswith("same") for one in comparable)
    return f"{same} of {len(comparable)} lines lie within the spread that both runs state."


def read_results(path):
    """A run's lines by id, and what is known of the machine; nothing when there is none."""
    if not path.exists():
        return {}, {}
    results = json.loads(path.read_text(encoding="utf-8"))
    return {line["id"]: line for line in results["lines"]}, results["machine"]


def accept(results, accepted):
    """Later runs are compared with these results."""
    accepted.unlink(missing_ok=True)
    accepted.symlink_to(results.name)


def write_json(path, machine, lines, seconds, failures=()):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(
        {"machine": machine, "seconds": seconds, "failures": list(failures),
         "lines": [line.json() for line in lines]},
        indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def draw(lines, stem):
    """Every sample as a share of its goal, so that one axis serves all: SVG and PNG."""
    # The tests of the harness do without it.
    import matplotlib
    matplotlib.use("Agg")
    matplotlib.rcParams["svg.hashsalt"] = "flotilla"
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(figsize=(10, 1.2 + 0.42 * len(lines)), layout="constrained")
    names = [f"{line.id}  {line.what}" for line in lines]
    for place, line in enumerate(reversed(lines)):
        # To the right of 1 is better, whichever way the goal points.
        shares = [(sample / line.goal if line.is_more_better else line.goal / sample)
                  for sample in line.samples if sample > 0]
        colour = "tab:green" if line.is_reached else "tab:red"
        if len(shares) > 1:
            axes.boxplot(
                [shares], positions=[place], orientation="horizontal", widths=0.55,
                showfliers=False, medianprops={"color": colour, "linewidth": 2},
                manage_ticks=False)
        axes.plot(shares, [place] * len(shares), "o", color=colour, alpha=0.5, markersize=4)
    axes.axvline(1, color="black", linewidth=1)
    axes.set_xscale("log")
    axes.set_yticks(range(len(lines)), list(reversed(names)))
    axes.set_ylim(-0.7, len(lines) - 0.3)
    axes.set_xlabel("measured / goal (goal / measured where less is better); right of 1 is reached")
    axes.grid(axis="x", which="both", alpha=0.2)
    axes.set_title("make bench: distributions of all rounds")
    for suffix in ("svg", "png"):
        figure.savefig(f"{stem}.{suffix}", dpi=110, metadata={"Date": None} if suffix == "svg" else {})
    pyplot.close(figure)
