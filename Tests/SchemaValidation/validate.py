"""Judges `pipes-host schema` by a validator that is not ours: PyPI's jsonschema.

    python3 validate.py HOST GRAPH...

The schema must keep its own metaschema and accept every GRAPH. Then one graph is changed in
many ways: where a change is a mistake, the schema must refuse the place of it, and so must
`pipes-host check`; what is right must be right for both.
"""

import copy
import json
import subprocess
import sys

from jsonschema import Draft202012Validator
from jsonschema.exceptions import best_match

GRAPH = {
    "name": "pairs",
    "nodes": {
        "inp": {"coro": "strings.random", "args": {"num": 20, "seed": 7}},
        "rev": {"coro": "strings.reverse", "properties": {}},
        "crc": {
            "coro": "libz.so.1:crc32",
            "signature": "(crc:ulong=0, in.ptr, in.len:uint) -> ulong pure",
        },
        "fault": {"coro": "flow.fault", "args": {"every": 7, "how": "reject"}},
        "out": {"coro": "io.print", "properties": {"aggregate_inputs": False}},
    },
    "graph": {"inp": ["rev", "fault"], "rev": ["crc"], "fault": ["out"], "crc": ["out"]},
}

# Where something is put, what, and where the mistake is; None for what is right.
REMOVED = object()
CHANGES = [
    ("$schema", "pipes.schema.json", None),
    ("$schema", 7, "$schema"),
    ("frobnicate", 1, ""),
    ("name", "", "name"),
    ("nodes", REMOVED, ""),
    ("nodes", {}, "nodes"),
    ("nodes", [], "nodes"),
    ("env", {"greeting": "hello", "limits": [1, 2.5, None]}, None),
    ("env", [], "env"),
    ("dead_letter", "failed.jsonl", None),
    ("dead_letter", 1, "dead_letter"),
    ("defaults", {"queue_size": 16, "on_error": {"then": "skip"}}, None),
    ("defaults", {"queue_sizes": 16}, "defaults"),
    # The processor.
    ("nodes/rev", "strings.reverse", "nodes/rev"),
    ("nodes/rev/coro", REMOVED, "nodes/rev"),
    ("nodes/rev/coro", "strings.revrse", "nodes/rev/coro"),
    ("nodes/rev/coro", "string.reverse", "nodes/rev/coro"),
    ("nodes/rev/coro", "${PROCESSOR:-strings.reverse}", None),
    ("nodes/rev/agrs", {}, "nodes/rev"),
    ("nodes/rev/signature", "(in.cstr) -> cstr", "nodes/rev"),
    ("nodes/crc/signature", REMOVED, "nodes/crc"),
    ("nodes/crc/signature", "in.ptr", "nodes/crc/signature"),
    ("nodes/crc/signature", 1, "nodes/crc/signature"),
    ("nodes/crc/args", {"crc": 1}, None),
    ("nodes/crc/examples", [{"in": ["hello"], "out": 907060870}], None),
    ("nodes/crc/examples", {"in": ["hello"], "out": 907060870}, "nodes/crc/examples"),
    ("nodes/crc/examples", [{"in": "hello", "out": 907060870}], "nodes/crc/examples/0/in"),
    ("nodes/crc/examples", [{"in": ["hello"]}], "nodes/crc/examples/0"),
    # Its args.
    ("nodes/inp/args", [], "nodes/inp/args"),
    ("nodes/inp/args/nmu", 20, "nodes/inp/args"),
    ("nodes/inp/args/num", "20", "nodes/inp/args/num"),
    ("nodes/inp/args/num", "${NUM:-20}", None),
    ("nodes/inp/args/num", "${NUM:-20}0", "nodes/inp/args/num"),
    ("nodes/inp/args/num", 2.5, "nodes/inp/args/num"),
    ("nodes/inp/args/num", None, "nodes/inp/args/num"),
    ("nodes/inp/args/num", -1, "nodes/inp/args/num"),
    ("nodes/inp/args/num", 1 << 63, "nodes/inp/args/num"),
    ("nodes/rev/args", {"num": 1}, "nodes/rev/args"),
    ("nodes/fault/args/how", "retry", None),
    ("nodes/fault/args/how", "${HOW:-retry}", None),
    ("nodes/fault/args/how", "explode", "nodes/fault/args/how"),
    ("nodes/rev", {"coro": "flow.head"}, "nodes/rev"),
    ("nodes/rev", {"coro": "flow.head", "args": {}}, "nodes/rev/args"),
    ("nodes/rev", {"coro": "flow.head", "args": {"num": 3}}, None),
    # Its properties.
    ("nodes/rev/properties", [], "nodes/rev/properties"),
    ("nodes/rev/properties/qeue_size", 1, "nodes/rev/properties"),
    ("nodes/out/properties/aggregate_inputs", "no", "nodes/out/properties/aggregate_inputs"),
    ("nodes/rev/properties/queue_size", 0, "nodes/rev/properties/queue_size"),
    ("nodes/rev/properties/queue_size", 16, None),
    ("nodes/rev/properties/queue_size", "${SIZE:-16}", None),
    ("nodes/rev/properties/queue_size", "16", "nodes/rev/properties/queue_size"),
    ("nodes/rev/properties/ordered", "${ORDERED:-true}", None),
    ("nodes/rev/properties/queue_bytes", 4096, None),
    ("nodes/rev/properties/queue_bytes", "4.5KiB", None),
    ("nodes/rev/properties/queue_bytes", "0MiB", "nodes/rev/properties/queue_bytes"),
    ("nodes/rev/properties/queue_bytes", "much", "nodes/rev/properties/queue_bytes"),
    ("nodes/rev/properties/concurrency", 0, "nodes/rev/properties/concurrency"),
    ("nodes/rev/properties/ordered", 1, "nodes/rev/properties/ordered"),
    ("nodes/rev/properties/timeout", "1.5s", None),
    ("nodes/rev/properties/timeout", None, None),
    ("nodes/rev/properties/timeout", "0s", "nodes/rev/properties/timeout"),
    ("nodes/rev/properties/timeout", "soon", "nodes/rev/properties/timeout"),
    ("nodes/rev/properties/on_missing", "null", None),
    ("nodes/rev/properties/on_missing", "weep", "nodes/rev/properties/on_missing"),
    ("nodes/rev/properties/on_error", "skip", "nodes/rev/properties/on_error"),
    (
        "nodes/rev/properties/on_error",
        {"retry": {"max": 3, "backoff": "1.5ms..2m"}, "then": "stop"},
        None,
    ),
    (
        "nodes/rev/properties/on_error",
        {"retry": {"max": -1}},
        "nodes/rev/properties/on_error/retry/max",
    ),
    (
        "nodes/rev/properties/on_error",
        {"retry": {"backoff": "50ms"}},
        "nodes/rev/properties/on_error/retry/backoff",
    ),
    (
        "nodes/rev/properties/on_error",
        {"then": "explode"},
        "nodes/rev/properties/on_error/then",
    ),
    # The tests.
    ("tests", {}, "tests"),
    ("tests", ["t"], "tests/0"),
    ("tests", [{"nmae": "t"}], "tests/0"),
    (
        "tests",
        [
            {
                "name": "all that there is",
                "sources": {"inp": ["a", "b", "c", "d"]},
                "args": {"fault": {"every": 100}},
                "env": {"greeting": "hello"},
                "faults": {
                    "rev": {"at": [1], "how": "reject", "message": "no"},
                    "crc": [{"at": 2, "how": "delay", "time": "1s"}],
                },
                "expect": {
                    "rev": ["a", "c", "d"],
                    "crc": {"count": 3},
                    "fault": {"any_order": ["d", "c", "b", "a"]},
                },
                "failures": {"rev": ["no"], "crc": 0},
                "dead_letters": [{"node": "rev", "key": 1, "attempts": 1, "row": ["b"]}],
                "skipped": {"crc": 0},
                "status": "failed_rows",
                "exit": 2,
                "for": "1h",
            }
        ],
        None,
    ),
    ("tests", [{"sources": {"inp": "a"}}], "tests/0/sources/inp"),
    ("tests", [{"expect": {"out": "a"}}], "tests/0/expect/out"),
    ("tests", [{"expect": {"out": {}}}], "tests/0/expect/out"),
    ("tests", [{"expect": {"out": {"count": -1}}}], "tests/0/expect/out/count"),
    ("tests", [{"expect": {"out": {"count": 1, "exact": []}}}], "tests/0/expect/out"),
    ("tests", [{"failures": {"rev": [1]}}], "tests/0/failures/rev/0"),
    ("tests", [{"skipped": {"rev": -1}}], "tests/0/skipped/rev"),
    ("tests", [{"status": "weeping"}], "tests/0/status"),
    ("tests", [{"exit": 5}], "tests/0/exit"),
    ("tests", [{"for": "0s"}], "tests/0/for"),
    ("tests", [{"real_sinks": "out"}], "tests/0/real_sinks"),
    ("tests", [{"dead_letters": [{"who": "rev"}]}], "tests/0/dead_letters/0"),
    ("tests", [{"dead_letters": [{"key": []}]}], "tests/0/dead_letters/0/key"),
    ("tests", [{"faults": {"rev": {"at": [1]}}}], "tests/0/faults/rev"),
    ("tests", [{"faults": {"rev": [{"at": [-1], "how": "crash"}]}}], "tests/0/faults/rev/0/at/0"),
    ("tests", [{"faults": {"rev": {"at": [1], "how": "explode"}}}], "tests/0/faults/rev/how"),
    # The edges.
    ("graph", [], "graph"),
    ("graph/inp", "rev", "graph/inp"),
    ("graph/crc", None, None),
    ("graph/inp", ["rev", "rev", "fault"], "graph/inp"),
    ("graph/inp/0", 1, "graph/inp/0"),
    ("graph/inp/0", {"to": "rev", "queue_size": 16, "queue_bytes": "1MiB"}, None),
    ("graph/inp/0", {"to": "rev", "feedback": {"initial": 1}}, "graph/inp/0/feedback/initial"),
    ("graph/inp/0", {"to": "rev", "feedback": {"max_in_loop": 0}}, "graph/inp/0/feedback/max_in_loop"),
    ("graph/inp/0", {"to": "rev", "feedback": {"inital": []}}, "graph/inp/0/feedback"),
    ("graph/inp/0", {"queue_size": 16}, "graph/inp/0"),
    ("graph/inp/0", {"to": "rev", "queue_size": -1}, "graph/inp/0/queue_size"),
    ("graph/inp/0", {"to": "rev", "queue_length": 16}, "graph/inp/0"),
    ("graph/inp", {"text": ["rev", {"to": "fault"}]}, None),
    ("graph/inp", {"text": "rev"}, "graph/inp/text"),
]


def changed(path, value):
    """GRAPH with one thing put into it, or taken out."""
    graph = copy.deepcopy(GRAPH)
    *folders, last = path.split("/")
    place = graph
    for folder in folders:
        place = place.setdefault(folder, {})
    if value is REMOVED:
        del place[last]
    else:
        place[int(last) if isinstance(place, list) else last] = value
    return graph


def main(host, graphs):
    text = subprocess.run([host, "schema"], check=True, capture_output=True, text=True).stdout
    schema = json.loads(text)
    Draft202012Validator.check_schema(schema)
    validator = Draft202012Validator(schema)
    problems = []

    for file in graphs:
        with open(file, encoding="utf-8") as graph:
            for error in validator.iter_errors(json.load(graph)):
                problems.append(f"{file}: {error.json_path}: {error.message}")

    mistakes = 0
    for path, value, expected in CHANGES:
        graph = changed(path, value)
        name = f"{path} = {'(removed)' if value is REMOVED else json.dumps(value)}"
        error = best_match(validator.iter_errors(graph))
        place = None if error is None else "/".join(str(part) for part in error.absolute_path)
        if place != expected:
            problems.append(f"{name}: the schema refuses {place!r} and should refuse {expected!r}")
        check = subprocess.run(
            [host, "check", "-"], input=json.dumps(graph), capture_output=True, text=True)
        if (check.returncode == 0) != (expected is None):
            problems.append(f"{name}: check says {check.returncode}: {check.stderr}{check.stdout}")
        mistakes += expected is not None

    for problem in problems:
        print(f"schema: {problem}", file=sys.stderr)
    print(
        f"schema: the metaschema, {len(graphs)} examples, {mistakes} mistakes and "
        f"{len(CHANGES) - mistakes} right changes: {len(problems)} problems")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2:]))
