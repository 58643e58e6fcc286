#!/usr/bin/env python3
"""Test of the peers against a slow reference: python3 benches/peers/test_peers.py

All peers read the same events, made by the generator and by hand, and must write the lines of the
reference, which uses Decimal and no code of the peers. Conflicts are given to the handler alone.
"""

import base64
import collections
import json
import random
import subprocess
import tempfile
from datetime import datetime, timedelta, timezone
from decimal import Decimal
from pathlib import Path

import compare
import generate

HERE = Path(__file__).resolve().parent
SIGNS = {"return": 1, "receipt": 1, "transfer_in": 1, "sale": -1, "waste": -1, "transfer_out": -1}


def moment(event):
    """Returns the instant of an event, cut off to milliseconds."""
    at = datetime.fromisoformat(event["occurred_at"]).astimezone(timezone.utc)
    return at.replace(microsecond=at.microsecond // 1000 * 1000)


def number(value):
    """Returns a decimal as text without trailing zeros."""
    text = f"{value:f}"
    text = text.rstrip("0").rstrip(".") if "." in text else text
    return "0" if text in ("-0", "") else text


def reference(events):
    """Returns the lines of the windows of events without conflicts."""
    by_id = {(event["store_id"], event["event_id"]): event for event in events}
    named = {(event["store_id"], event["corrects"], event["sku"], moment(event))
             for event in by_id.values() if event["kind"] == "correction"}
    windows = collections.defaultdict(list)
    for event in by_id.values():
        at = moment(event)
        place = event["store_id"], event["event_id"], event["sku"], at
        if event["kind"] == "correction" or place not in named:
            start = at - timedelta(minutes=at.minute % 5, seconds=at.second,
                                   microseconds=at.microsecond)
            windows[start, event["store_id"], event["sku"]].append(event)
    return [line(*key, counted) for key, counted in sorted(windows.items())]


def line(start, store, sku, events):
    """Returns the line of one window."""
    sums, revenue = collections.Counter(), {}
    for event in events:
        kind = event["kind"]
        quantity = Decimal(0 if kind == "correction" else str(event["quantity"]))
        sums[kind] += quantity
        sums["change"] += SIGNS.get(kind, 0) * quantity
        if kind in ("sale", "return"):
            money = event.get("amount")
            money = Decimal(event["unit_price"]) * quantity if money is None else Decimal(money)
            money = money if kind == "sale" else -money
            revenue[event["currency"]] = revenue.get(event["currency"], 0) + money
    texts = {code: number(revenue[code]) for code in sorted(revenue)}
    return json.dumps({
        "window_start": start.strftime("%Y-%m-%dT%H:%M:%SZ"), "store_id": store, "sku": sku,
        "events": len(events), "units_sold": number(sums["sale"] - sums["return"]),
        "units_received": number(sums["receipt"]), "units_wasted": number(sums["waste"]),
        "net_change": number(sums["change"]),
        "revenue": texts if len(texts) > 1 else next(iter(texts.values()), "0"),
    }, separators=(",", ":"))


def event(event_id, kind="sale", quantity="1", at="2026-03-12T15:15:00Z", **fields):
    """Returns an event by hand, of one store and item unless `fields` say otherwise."""
    result = {"event_id": event_id, "kind": kind, "store_id": "s", "terminal_id": "t",
              "sku": "x", "occurred_at": at}
    if kind != "correction":
        result["quantity"] = quantity
    if kind in ("sale", "return"):
        result |= {"unit_price": "2.50", "currency": "EUR"}
    return result | fields


def special_events():
    """Returns events that the generator makes rarely or never."""
    kuwait = {"currency": "KWD", "unit_price": "0.125"}
    one_hour = {"at": "2026-03-12T16:15:00+01:00"}
    return [
        event("several-1"), event("several-2", currency="USD", unit_price="1"),
        event("several-3", "return", currency="USD", unit_price="1"),
        event("several-4", "return", "0.375", sku="y", unit="KGM"),
        event("three-digits", "sale", "0.333", sku="z", **kuwait),
        event("void-1", sku="v"), event("void-2", sku="v", **kuwait),
        event("void-3", "correction", sku="v", corrects="void-2"),
        event("early-correction", "correction", sku="w", corrects="late-sale"),
        event("late-sale", sku="w", **one_hour),
        event("other-item", "correction", sku="q", corrects="several-1"),
        event("other-instant", "correction", at="2026-03-12T15:15:01Z", corrects="several-1"),
        event("correction-of-correction", "correction", sku="w", corrects="early-correction"),
        event("twice", "correction", sku="w", corrects="late-sale", reason="did_not_occur"),
        event("store-2", sku="w", store_id="s2"), event("late-sale", sku="w", store_id="s2"),
        event("discount", sku="d", amount="2.25"), event("discount", sku="d", amount="2.25"),
        event("amount-alone", sku="d", unit_price=None, amount="7.10"),
        event("no-amount", sku="d", amount=None, quantity=3),
        event("respelled", sku="r", quantity="1.500", unit_price="2.5"),
        event("respelled", sku="r", quantity=1.5, unit="EA", lot=None, **one_hour),
        event("free", sku="f", quantity="0"), event("large", sku="f", quantity="1000000"),
        event("price-of-waste", "waste", "2", sku="f", unit_price="9", currency="EUR"),
        event("late-evening", sku="n", at="2026-03-12T00:04:59.9999+01:00"),
        event("microseconds", sku="n", at="2026-03-11T23:04:59.999123Z"),
        event("micro-void", "correction", sku="n", at="2026-03-11T23:04:59.999Z",
              corrects="microseconds"),
        event("out", "transfer_out", "5", sku="o"), event("in", "transfer_in", "2", sku="o"),
        event("counted", "count", "40", sku="o", reason="recount"),
    ]


def record(data):
    """Returns one Kinesis record, as far as a handler reads it."""
    return {"kinesis": {"data": base64.b64encode(data).decode(), "partitionKey": "s"}}


def check(name, got, wanted):
    """Fails with the first differing line unless `got` equals `wanted`."""
    for number_of_line, (a, b) in enumerate(zip(got, wanted), 1):
        if a != b:
            raise SystemExit(f"{name}, line {number_of_line}:\n  {a}\n  {b}")
    if len(got) != len(wanted):
        raise SystemExit(f"{name}: {len(got)} lines, wanted {len(wanted)}")
    print(f"{name}: {len(got)} lines agree")


def check_replays(python, folder, name, texts):
    """Checks all peers on one file of events."""
    source, target = folder / "events.ndjson", folder / "windows.ndjson"
    source.write_text("\n".join(texts) + "\n")
    wanted = reference([json.loads(text) for text in texts])
    commands = {"handler": ["handler.py", "--replay"], "duckdb": ["replay_duckdb.py"],
                "polars": ["replay_polars.py"]}
    for peer, (script, *flags) in commands.items():
        subprocess.run([python, HERE / script, *flags, source, target], check=True,
                       stderr=subprocess.DEVNULL)
        check(f"{name}, {peer}", target.read_text().splitlines(), wanted)


def check_handler(python, folder, name, records, wanted):
    """Checks the handler on one payload."""
    folder = folder / name.replace(" ", "-")
    folder.mkdir()
    payload = json.dumps({"Records": records}, separators=(",", ":"))
    (folder / "batch-00000.json").write_text(payload)
    target = folder / "windows.ndjson"
    subprocess.run([python, HERE / "handler.py", folder, "0", "0", "--lines", target], check=True,
                   stdout=subprocess.DEVNULL)
    check(f"{name}, handler", target.read_text().splitlines(), wanted)


def conflicts():
    """Returns events of which some have one id and two contents, and those of them that count.

    The content with the lower quantity sorts first. Another UTC date is another event.
    """
    next_day = {"at": "2026-03-13T00:30:00Z"}
    counting = [event("a", quantity="1"), event("a", quantity="3", **next_day), event("b")]
    others = [event("a", quantity="2"), event("a", quantity="4", **next_day)]
    wanted = [line(moment(counting[0]).replace(minute=15), "s", "x", [counting[0], counting[2]]),
              line(moment(counting[1]), "s", "x", [counting[1]])]
    return others + counting, wanted


def main():
    """Runs all checks."""
    python = compare.environment()
    source = generate.Generator(events=4000, stores=3, items=40, days=1, seed=7).lines()
    texts = [generate.text_of(each) for _, each in source]
    special = [json.dumps(each) for each in special_events()]
    with tempfile.TemporaryDirectory() as folder:
        folder = Path(folder)
        check_replays(python, folder, "generated events", texts)
        check_replays(python, folder, "special events", special)
        mixed = texts + special
        random.Random(7).shuffle(mixed)
        check_replays(python, folder, "mixed events", mixed)
        events = special_events()
        wanted = reference(events)
        plain = [record(text.encode()) for text in special]
        check_handler(python, folder, "one event a record", plain, wanted)
        check_handler(python, folder, "an array", [record(json.dumps(events).encode())], wanted)
        together = record("".join(special).encode())
        check_handler(python, folder, "objects in a row", [together], wanted)
        given, wanted = conflicts()
        records = [record(json.dumps(each).encode()) for each in given]
        check_handler(python, folder, "conflicts", records, wanted)


if __name__ == "__main__":
    main()
