#!/usr/bin/env python3
"""Tuned Lambda handler in Python: Kinesis payloads to five-minute stock windows.

Reads DIR/batch-*.json into memory and handles them in a cycle, first for WARM and then for MEASURE
seconds of CPU time. Prints one line of JSON: CPU time, memory and the SHA-256 of all windows.
Needs orjson, and zstandard for compressed records.
"""

import gc
import json
import re
import time
from binascii import a2b_base64
from operator import itemgetter

import orjson
import zstandard

from windows import (PRICE_PLACES, QUANTITY_PLACES, WINDOW_SECONDS, content, instant, lines,
                     normalized, scaled, without_conflicts, without_voided)

CACHE_ENTRIES_MAX = 100_000
EVENTS_AT_ONCE = 256
ZSTD_MAGIC = b"\x28\xb5\x2f\xfd"
ZSTD_MAGIC_BASE64 = b"KLUv/"
INFLATED_BYTES_MAX = 4 * 1024 * 1024

encoded_data = re.compile(rb'"data":"([^"]*)"').findall
"""Finder of the data of all records. In valid JSON a quote within a text has a backslash before
it, so these bytes can only be a member of this name."""

something = re.compile(r"\S")
identity = itemgetter("store_id", "event_id")
decompress = zstandard.ZstdDecompressor().decompress


class Cache(dict):
    """Results of a function by its argument, in a dictionary of bounded size."""

    def __init__(self, function):
        super().__init__()
        self.function = function

    def __missing__(self, key):
        if len(self) >= CACHE_ENTRIES_MAX:
            self.clear()
        value = self[key] = self.function(key)
        return value


quantities = Cache(lambda number: scaled(number, QUANTITY_PLACES))
prices = Cache(lambda number: scaled(number, PRICE_PLACES))


@Cache
def window_starts(minute):
    """Returns the start of the window of a minute, with its offset unless it is UTC."""
    text = minute + "Z" if len(minute) == 16 else minute
    return instant(text) // 1000 // WINDOW_SECONDS * WINDOW_SECONDS


def handle(payload):
    """Returns the windows of one payload, see `windows.lines`."""
    return fold(encoded_data(payload), a2b_base64)


def fold(records, decode):
    """Returns the windows of the records of one batch, each event counted once."""
    try:
        return fold_usual(records, decode)
    except (ArithmeticError, KeyError, TypeError, ValueError):
        return fold_any(list(map(decode, records)))


def fold_usual(records, decode):
    """Folds a part of the records at a time, so that their dictionaries stay in the cache.

    Raises an error if anything is unusual: a conflict, `null`, an array or a value that is not
    spelled as usual.
    """
    batch = Batch()
    step = EVENTS_AT_ONCE
    if records and records[0].startswith(ZSTD_MAGIC_BASE64):
        step //= 8
    for start in range(0, len(records), step):
        texts = list(map(decode, records[start:start + step]))
        try:
            events = orjson.loads(b"[" + b",".join(texts) + b"]")
        except orjson.JSONDecodeError:
            texts = lines_of(texts)
            events = orjson.loads(b"[" + b",".join(texts) + b"]")
        batch.add(map(identity, events), texts, events)
    return batch.finish()


def lines_of(texts):
    """Returns the lines of records of which some are compressed or have several events."""
    texts = [decompress(text, INFLATED_BYTES_MAX) if text[:4] == ZSTD_MAGIC else text
             for text in texts]
    return b"\n".join([text.strip() for text in texts]).split(b"\n")


def fold_any(texts):
    """Folds records of any form, by the slow functions of `windows`."""
    events = [normalized(event) for line in documents(b"\n".join(lines_of(texts)).decode())
              for event in (line if isinstance(line, list) else [line])]
    counting = without_voided(without_conflicts(events))
    batch = Batch()
    batch.add(counting.keys(), map(orjson.dumps, counting.values()), counting.values())
    return batch.finish()


def documents(text):
    """Yields the values of JSON that follow one another, with white space between them or none."""
    decoder, position = json.JSONDecoder(), 0
    while match := something.search(text, position):
        value, position = decoder.raw_decode(text, match.start())
        yield value


class Batch:
    """Windows of one batch, and what is needed to count each event once."""

    def __init__(self):
        self.rows = {}
        self.texts = {}
        """Text of each event by store and id."""
        self.repeated = []
        self.corrections = []

    def add(self, keys, texts, events):
        """Adds events with their keys and texts. Repetitions are only noted."""
        rows, first_text = self.rows, self.texts.setdefault
        row_of, starts, quantity_of, price_of = rows.get, window_starts, quantities, prices
        for key, text, event in zip(keys, texts, events):
            if first_text(key, text) is not text:
                self.repeated.append((key, text, event))
                continue
            at = event["occurred_at"]
            start = starts[at[:16]] if at[-1] == "Z" else starts[at[:16] + at[-6:]]
            place = start, event["store_id"], event["sku"]
            kind = event["kind"]
            if kind == "sale":
                quantity = quantity_of[event["quantity"]]
                if "amount" in event:
                    money = price_of[event["amount"]] * 1000
                else:
                    money = price_of[event["unit_price"]] * quantity
                row = row_of(place)
                if row is None:
                    rows[place] = [1, quantity, 0, 0, 0, event["currency"], money]
                    continue
                row[0] += 1
                row[1] += quantity
                if row[5] == event["currency"]:
                    row[6] += money
                else:
                    add_currency(row, event["currency"], money)
            else:
                row = row_of(place)
                if row is None:
                    row = rows[place] = [0, 0, 0, 0, 0, None, 0]
                add(row, event, 1)
                if kind == "correction":
                    self.corrections.append(event)

    def finish(self):
        """Returns the windows, after a look at repetitions and corrections.

        Raises ValueError if an id has two contents, or if a voided event has a second currency.
        """
        for key, text, event in self.repeated:
            first = self.texts[key]
            if first != text and content(orjson.loads(first)) != content(event):
                raise ValueError(f"event {key} has two contents")
        for key in {(event["store_id"], event["corrects"], event["sku"],
                     instant(event["occurred_at"])) for event in self.corrections}:
            self._void(*key)
        return self.rows

    def _void(self, store, event_id, sku, at):
        text = self.texts.get((store, event_id))
        event = orjson.loads(text) if text else {"kind": "correction"}
        if event["kind"] == "correction" or event["sku"] != sku:
            return
        if instant(event["occurred_at"]) != at:
            return
        row = self.rows[at // 1000 // WINDOW_SECONDS * WINDOW_SECONDS, store, sku]
        if isinstance(row[5], dict):
            raise ValueError("the currency of a voided event may be gone with it")
        add(row, event, -1)


def add(row, event, sign):
    """Adds an event of any kind to a row, or takes it out again with the sign -1."""
    row[0] += sign
    kind = event["kind"]
    if kind == "correction":
        return
    quantity = sign * quantities[event["quantity"]]
    if kind == "receipt":
        row[2] += quantity
    elif kind == "waste":
        row[3] += quantity
    elif kind == "transfer_in":
        row[4] += quantity
    elif kind == "transfer_out":
        row[4] -= quantity
    elif kind in ("sale", "return"):
        if "amount" in event:
            money = sign * prices[event["amount"]] * 1000
        else:
            money = prices[event["unit_price"]] * quantity
        direction = 1 if kind == "sale" else -1
        row[1] += direction * quantity
        add_currency(row, event["currency"], direction * money)


def add_currency(row, currency, money):
    """Adds revenue in a currency that may be the second one of the row."""
    if row[5] is None:
        row[5] = currency
    if row[5] == currency:
        row[6] += money
        return
    if not isinstance(row[5], dict):
        row[5], row[6] = {row[5]: row[6]}, 0
    row[5][currency] = row[5].get(currency, 0) + money


def measure(payloads, seconds):
    """Handles payloads in a cycle. Returns the CPU time and the number of handled payloads."""
    start, handled = time.process_time(), 0
    while (used := time.process_time() - start) < seconds:
        handle(payloads[handled % len(payloads)])
        handled += 1
    return used, handled


def run(folder, warm, seconds):
    """Returns the figures of a folder of payloads and the lines of all its windows."""
    figures = {"init_cpu_ms": time.process_time() * 1000}
    payloads = [path.read_bytes() for path in sorted(folder.glob("batch-*.json"))]
    if not payloads:
        sys.exit(f"handler.py: no batch-*.json in {folder}")
    records = [payload.count(b'"kinesis":{') for payload in payloads]
    start = time.process_time()
    handle(payloads[0])
    figures["first_cpu_ms"] = (time.process_time() - start) * 1000
    measure(payloads, warm)
    used, handled = measure(payloads, seconds)
    cycles, rest = divmod(handled, len(payloads))
    total = cycles * sum(records) + sum(records[:rest])
    size = cycles * sum(map(len, payloads)) + sum(map(len, payloads[:rest]))
    figures["cpu_us_per_record"] = used / total * 1e6 if total else None
    figures["mb_per_cpu_s"] = size / used / 1e6 if total else None
    figures["rss_mb"] = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    figures = {key: value and round(value, 3) for key, value in figures.items()}
    return figures, (line for payload in payloads for line in lines(handle(payload)))


def main():
    """Runs the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("dir", metavar="DIR", type=Path, nargs="?")
    parser.add_argument("warm", metavar="WARM", type=float, nargs="?", default=1)
    parser.add_argument("measure", metavar="MEASURE", type=float, nargs="?", default=3)
    parser.add_argument("--lines", metavar="FILE", type=Path, help="also write the windows")
    parser.add_argument("--replay", metavar=("INPUT", "OUTPUT"), type=Path, nargs=2,
                        help="fold a file of NDJSON as one batch instead, as a test")
    arguments = parser.parse_args()
    if arguments.replay:
        source, target = arguments.replay
        target.write_text("".join(lines(fold([source.read_bytes()], bytes))))
        return
    if not arguments.dir:
        parser.error("DIR or --replay is needed")
    figures, windows = run(arguments.dir, arguments.warm, arguments.measure)
    digest = hashlib.sha256()
    with open(arguments.lines or os.devnull, "w", encoding="utf-8") as file:
        for line in windows:
            digest.update(line.encode())
            file.write(line)
    print(json.dumps(figures | {"sha256": digest.hexdigest()}))


if __name__ == "__main__":
    import argparse
    import hashlib
    import os
    import resource
    import sys
    from pathlib import Path

    # No reference cycles arise here, so the collector of cycles would only cost time.
    gc.disable()
    main()
