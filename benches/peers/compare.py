#!/usr/bin/env python3
"""Comparison of Daymark with tuned peers on equal input, with equal results.

Handler part: CPU time of a Lambda handler for a record, `peers-handler` beside handler.py.
Replay part: a file of events to stock windows, `daymark replay` beside DuckDB and Polars.
Peers take turns, and the tables show medians. Fails if results differ in a byte.
Needs network access once, to install the packages of the peers below the folder target.
"""

import argparse
import hashlib
import itertools
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
import venv
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
TARGET = ROOT / "target" / "peers"
PACKAGES = ["duckdb==2.0.1", "polars==2.1.0", "orjson==3.13.0", "zstandard==0.25.0"]
BYTE_ORDER = os.environ | {"LC_ALL": "C"}
FOLDERS = ["records-1000", "records-6mb", "zstd-10"]


class Differing(Exception):
    """Results that are not equal."""


def progress(text):
    """Prints a line of progress on stderr."""
    print(text, file=sys.stderr, flush=True)


def environment():
    """Returns the Python of the peers, with their packages. Makes it if it is missing or old."""
    folder = TARGET / "venv"
    python, mark = folder / "bin" / "python", folder / "packages.txt"
    if not mark.exists() or mark.read_text() != "\n".join(PACKAGES):
        progress(f"installing {' '.join(PACKAGES)}")
        venv.create(folder, clear=True, with_pip=True)
        subprocess.run([python, "-m", "pip", "install", "--quiet", "--only-binary", ":all:",
                        "--disable-pip-version-check", *PACKAGES], check=True)
        mark.write_text("\n".join(PACKAGES))
    return python


def data(python, folder, events):
    """Generates the input in `folder`, unless it is complete."""
    mark = folder / "generated.txt"
    wanted = f"{events} {hashlib.sha256((HERE / 'generate.py').read_bytes()).hexdigest()}"
    if mark.exists() and mark.read_text() == wanted:
        return
    progress(f"generating {events} events")
    mark.unlink(missing_ok=True)
    subprocess.run([python, HERE / "generate.py", folder, "--events", str(events)], check=True)
    mark.write_text(wanted)


def finished(command):
    """Runs a command. Returns its standard output, usage of resources and wall time.

    A program inherits the peak memory of the process that starts it, so a shell starts it, which
    is smaller than any of the peers. This process stays small for the same reason.
    """
    shell = ["sh", "-c", '"$@"; exit $?', "sh", *(str(part) for part in command)]
    with tempfile.TemporaryFile() as output, tempfile.TemporaryFile() as errors:
        start = time.monotonic()
        process = subprocess.Popen(shell, stdout=output, stderr=errors)
        _, status, usage = os.wait4(process.pid, 0)
        wall = time.monotonic() - start
        process.returncode = os.waitstatus_to_exitcode(status)
        output.seek(0)
        errors.seek(0)
        if process.returncode:
            text = errors.read().decode(errors="replace")[-2000:]
            raise RuntimeError(f"{command[0]} failed with {process.returncode}: {text}")
        return output.read(), usage, wall


def rounds(reps, runs):
    """Runs each peer `reps` times, taking turns. Returns {peer: [figures]}."""
    figures = {name: [] for name in runs}
    for turn in range(reps):
        for name, run in runs.items():
            figures[name].append(run())
            progress(f"  {turn + 1}/{reps} {name}")
    return figures


def medians(figures):
    """Returns the median of each number of a list of figures."""
    numbers = [key for key, value in figures[0].items() if isinstance(value, (int, float))]
    return {key: statistics.median(each[key] for each in figures) for key in numbers}


def first_difference(one, other):
    """Returns the first differing lines of two files, with their number."""
    with open(one, "rb") as left, open(other, "rb") as right:
        for number, (a, b) in enumerate(itertools.zip_longest(left, right), 1):
            if a != b:
                return f"line {number}:\n  {shown(a)}\n  {shown(b)}"
    return "no line differs"


def shown(line):
    """Returns a line as text, for a message."""
    return "(end of file)" if line is None else line.decode(errors="replace").rstrip("\n")


def handlers(folder, peers, options):
    """Compares the handlers on one folder. Returns {peer: medians}."""
    progress(f"handlers, {folder.name}")

    def run(command):
        return json.loads(finished([*command, folder, options.warm, options.measure])[0])

    runs = {name: lambda command=command: run(command) for name, command in peers.items()}
    figures = rounds(options.reps, runs)
    digests = {name: {each["sha256"] for each in results} for name, results in figures.items()}
    if len(set.union(*digests.values())) > 1:
        raise Differing(f"windows of {folder} differ: {digests}\n"
                        + handler_difference(folder, peers))
    return {name: medians(results) for name, results in figures.items()}


def handler_difference(folder, peers):
    """Returns the first differing windows of the handlers, which write them with --lines."""
    files = {name: TARGET / f"handler-{name}.ndjson" for name in peers}
    try:
        for name, command in peers.items():
            finished([*command, folder, "0", "0", "--lines", files[name]])
    except RuntimeError as error:
        return f"(the differing line is unknown: {error})"
    names = list(files)
    return f"{names[0]} and {names[1]}: {first_difference(*list(files.values())[:2])}"


def replays(source, peers, reps):
    """Compares the replays of one file. Returns {peer: medians}."""
    progress(f"replay, {source}")
    with open(source, "rb") as file:
        events = sum(1 for _ in file)
    outputs = {name: TARGET / f"replay-{name}.ndjson" for name in peers}

    def run(name):
        outputs[name].unlink(missing_ok=True)
        _, usage, wall = finished([*peers[name], source, outputs[name]])
        cpu = usage.ru_utime + usage.ru_stime
        return {"cpu_s": cpu, "wall_s": wall, "rss_mb": usage.ru_maxrss / 1024,
                "events_per_cpu_s": events / cpu, "sha256": sorted_digest(outputs[name])}

    figures = rounds(reps, {name: lambda name=name: run(name) for name in peers})
    digests = {name: {each["sha256"] for each in results} for name, results in figures.items()}
    first = next(iter(peers))
    for name in peers:
        if digests[name] != digests[first] or len(digests[name]) > 1:
            both = [write_sorted(outputs[each]) for each in (first, name)]
            raise Differing(f"replays of {source} differ: {digests}\n"
                            f"{first} and {name}, sorted: {first_difference(*both)}")
    return {name: medians(results) for name, results in figures.items()}


def sorted_digest(path):
    """Returns the SHA-256 of the lines of a file, sorted by their bytes."""
    digest = hashlib.sha256()
    with subprocess.Popen(["sort", path], env=BYTE_ORDER, stdout=subprocess.PIPE) as process:
        while block := process.stdout.read(1 << 16):
            digest.update(block)
    if process.returncode:
        raise RuntimeError(f"sort {path} failed with {process.returncode}")
    return digest.hexdigest()


def write_sorted(path):
    """Writes the lines of a file, sorted by their bytes, beside it. Returns the path."""
    target = path.with_suffix(".sorted.ndjson")
    subprocess.run(["sort", "-o", target, path], env=BYTE_ORDER, check=True)
    return target


HANDLER_COLUMNS = [("cpu_us_per_record", "CPU us/record", 2), ("mb_per_cpu_s", "MB/CPU s", 0),
                   ("init_cpu_ms", "init CPU ms", 1), ("first_cpu_ms", "first CPU ms", 1),
                   ("rss_mb", "RSS MB", 0)]
REPLAY_COLUMNS = [("cpu_s", "CPU s", 2), ("wall_s", "wall s", 2), ("rss_mb", "RSS MB", 0),
                  ("events_per_cpu_s", "events/CPU s", 0)]


def table(title, results, columns, markdown):
    """Returns the lines of a table. The ratio is that of the first column to the first peer."""
    base = next(iter(results.values()))[columns[0][0]]
    rows = [[title, *(heading for _, heading, _ in columns), "ratio"]]
    for name, values in results.items():
        cells = [f"{values[key]:,.{digits}f}" for key, _, digits in columns]
        rows.append([name, *cells, f"{values[columns[0][0]] / base:.2f}"])
    if markdown:
        rule = ["---"] + ["---:"] * (len(rows[0]) - 1)
        return [f"| {' | '.join(row)} |" for row in [rows[0], rule, *rows[1:]]]
    widths = [max(map(len, column)) for column in zip(*rows)]
    return ["  ".join(cell.ljust(width) if index == 0 else cell.rjust(width)
                      for index, (cell, width) in enumerate(zip(row, widths))) for row in rows]


def command_line():
    """Returns the arguments of the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("dir", metavar="DIR", type=Path, nargs="?",
                        help="folder of the input, generated if it has none; default: below target")
    parser.add_argument("--events", type=int, default=1_000_000, help="events of the input")
    parser.add_argument("--reps", type=int, default=5, help="runs of each peer")
    parser.add_argument("--warm", type=float, default=1, help="CPU seconds before a measurement")
    parser.add_argument("--measure", type=float, default=3, help="CPU seconds of a measurement")
    parser.add_argument("--handler", type=Path, default=ROOT / "target/release/peers-handler")
    parser.add_argument("--daymark", type=Path, default=ROOT / "target/release/daymark")
    parser.add_argument("--part", choices=["handler", "replay", "all"], default="all")
    parser.add_argument("--only", choices=["python"], help="run the peers in Python alone")
    parser.add_argument("--markdown", action="store_true", help="print tables of Markdown")
    return parser.parse_args()


def main():
    """Runs the command line."""
    options = command_line()
    rust = [] if options.only else [options.handler] * (options.part != "replay") \
        + [options.daymark] * (options.part != "handler")
    for binary in rust:
        if not binary.exists():
            sys.exit(f"compare.py: {binary} does not exist; build it, or use --only python")
    python = environment()
    folder = options.dir or TARGET / f"events-{options.events}"
    if options.dir is None or not (folder / "events.ndjson").exists():
        data(python, folder, options.events)
    ours = {} if options.only else {"daymark": [options.handler.resolve()]}
    peers = ours | {"python": [python, HERE / "handler.py"]}
    tables = []
    try:
        if options.part != "replay":
            for name in FOLDERS:
                results = handlers(folder / name, peers, options)
                tables.append(table(name, results, HANDLER_COLUMNS, options.markdown))
        if options.part != "handler":
            ours = {} if options.only else {"daymark": [options.daymark.resolve(), "replay"]}
            peers = ours | {name: [python, HERE / f"replay_{name}.py"]
                            for name in ("duckdb", "polars")}
            results = replays(folder / "events.ndjson", peers, options.reps)
            tables.append(table("replay", results, REPLAY_COLUMNS, options.markdown))
    except (Differing, RuntimeError) as error:
        sys.exit(f"compare.py: {error}")
    print("\n\n".join("\n".join(lines) for lines in tables))


if __name__ == "__main__":
    main()
