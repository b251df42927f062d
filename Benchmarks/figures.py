"""What the scripts here share: results, goals, and the rows of the table."""

import json
import pathlib

FOLDER = pathlib.Path(__file__).resolve().parent
RESULTS = FOLDER / "results"


def goals():
    return json.loads((FOLDER / "goals.json").read_text())


def newest_result():
    """The committed results that were measured last."""
    results = [json.loads(path.read_text()) for path in sorted(RESULTS.glob("*.json"))]
    if not results:
        raise SystemExit(f"no results in {RESULTS}: `make bench` makes some")
    return max(results, key=lambda result: result["time"])


def brief(number):
    """Three digits are what a measurement on a shared machine is good for."""
    if number >= 100:
        return f"{number:,.0f}"
    return f"{number:.1f}" if number >= 10 else f"{number:.2f}"


def rows(result):
    """The table: workload, what was measured, the limit, the ratio, the goal, whether reached."""
    for goal in goals():
        metrics = result["workloads"].get(goal["workload"])
        if not metrics or goal["metric"] not in metrics:
            yield [goal["title"], "not measured", "", "", goal_text(goal), "no"]
            continue
        value = metrics[goal["metric"]]["median"]
        is_ratio = "against" in goal
        figure = metrics["figure"]["median"] if is_ratio else value
        limit = f'{brief(metrics["limit"]["median"])} ({goal["against"]})' if is_ratio else ""
        yield [
            goal["title"], f'{brief(figure)} {goal["unit"]}', limit,
            f"{value:.2f}" if is_ratio else "", goal_text(goal), reached(goal, value),
        ]


def goal_text(goal):
    if "at_most" in goal:
        return f'≤ {goal["at_most"]:g}'
    return f'≥ {goal["at_least"]:g}' if "at_least" in goal else ""


def reached(goal, value):
    if "at_most" in goal:
        return "yes" if value <= goal["at_most"] else "no"
    return ("yes" if value >= goal["at_least"] else "no") if "at_least" in goal else ""


HEAD = ["workload", "measured", "limit", "ratio", "goal", "reached"]
