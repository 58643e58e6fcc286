#!/usr/bin/env python3
"""Generator of till events and of the Lambda payloads that carry them.

Writes DIR/events.ndjson and three folders of payloads: records-1000, records-6mb and zstd-10.
Equal arguments give equal bytes. The format of an event is described in docs/events.md.
"""

import argparse
import base64
import heapq
import itertools
import json
import random
import sys
from bisect import bisect_left
from datetime import datetime, timedelta, timezone
from pathlib import Path

START = datetime(2026, 3, 9, tzinfo=timezone.utc)
HOUR_WEIGHTS = [1, 1, 1, 1, 1, 3, 8, 14, 16, 16, 18, 22, 24, 20, 18, 18, 22, 24, 20, 12, 6, 3, 2, 1]
"""Relative number of events in each hour of a UTC day."""

CURRENCIES = (["EUR"] * 5 + ["CHF"] * 3 + ["ISK"] * 2)
"""Currency of a store by its number modulo 10."""

PREFIXES = ["BRT", "DRY", "FRZ", "FRU", "VEG", "DEL", "DRK", "HOM"]
WEIGHED = {"FRU", "VEG", "DEL"}
"""Groups of items of which each second one is sold by the kilogram."""

WASTE_REASONS = ["damaged", "expired", "spoilage", "theft", "donation", "sample"]
COUNT_REASONS = ["cycle_count", "recount"]
OTHER_KINDS = (["return"] * 20 + ["receipt"] * 30 + ["waste"] * 15 + ["count"] * 15
               + ["transfer_in"] * 7 + ["transfer_out"] * 7 + ["correction"] * 6)
"""Kinds of the events that are not sales, by their share."""

BASKET_SHARE = 0.783
"""Share of steps that are a basket of sales. With 2.5 lines a basket, 90 % of events are sales."""
ZIPF_EXPONENT = 1.1
REPEATED_SHARE = 0.02
RESPELLED_SHARE = 0.05
"""Share of the repetitions that are spelled differently from their original."""
LATE_SHARE = 0.03

PAYLOAD_BYTES_MAX = 6 * 1024 * 1024
"""Largest payload of an invocation of Lambda."""
FIRST_SEQUENCE_NUMBER = 49660000000000000000000000000000000000000000000000000017
ENVELOPE_TAIL = {
    "eventName": "aws:kinesis:record",
    "invokeIdentityArn": "arn:aws:iam::123456789012:role/processor",
    "awsRegion": "eu-central-1",
    "eventSourceARN": "arn:aws:kinesis:eu-central-1:123456789012:stream/till-events",
}


class Till:
    """State of one terminal: its sequence, its receipts and the details that it sends."""

    def __init__(self, store, index):
        self.name = f"t{index + 1}"
        number = store * 7 + index
        self.sends_receipts = number % 6 == 0
        self.sends_sequence = number % 30 == 5
        self.sends_milliseconds = number % 6 == 2
        self.epoch = START.strftime("%Y-%m-%d")
        self.next_number = 1
        self.next_receipt = 100001


class Store:
    """Facts of one store: its currency, its offset from UTC, its tills and its last sale."""

    def __init__(self, index):
        self.store_id = f"{index + 1:04}"
        self.currency = CURRENCIES[index % 10]
        self.has_offset = self.currency == "CHF" or (self.currency == "EUR" and index % 2 == 0)
        self.tills = [Till(index, till) for till in range(4)]
        self.last_sale = None


class Generator:
    """Source of events in the order of their arrival, from one seed."""

    def __init__(self, events, stores, items, days, seed):
        self.events, self.days = events, days
        self.random = random.Random(seed)
        self.stores = [Store(index) for index in range(stores)]
        self.items = [self._item(index) for index in range(items)]
        weights = [1 / (rank + 1) ** ZIPF_EXPONENT for rank in range(items)]
        self.cumulative = list(itertools.accumulate(weights))

    def _item(self, index):
        group = PREFIXES[index % len(PREFIXES)]
        weighed = group in WEIGHED and index // len(PREFIXES) % 2 == 0
        cents = 49 + int(self.random.random() ** 2 * 1950) // 5 * 5
        return f"{group}-{1000 + index}", weighed, cents

    def _below(self, bound):
        return int(self.random.random() * bound)

    def _draw_item(self):
        point = self.random.random() * self.cumulative[-1]
        return self.items[bisect_left(self.cumulative, point)]

    def lines(self):
        """Yields (instant of arrival in milliseconds, event) for each line of the file."""
        waiting, order, written = [], itertools.count(), 0
        for start, count in self._hours():
            made = 0
            while made < count:
                happened = start + (made * 3_600_000 + self._below(3_600_000)) // count
                late = self.random.random() < LATE_SHARE
                sent = happened + 50 + self._below(600_000 if late else 2_000)
                for event in self._step(happened):
                    arrival = sent + self._below(20)
                    heapq.heappush(waiting, (arrival, next(order), event))
                    made += 1
                    if self.random.random() < REPEATED_SHARE:
                        again = arrival + self._below(60_000)
                        heapq.heappush(waiting, (again, next(order), self._repeated(event)))
                        made += 1
            # Later steps happen in a later hour, so all arrivals of this hour are known.
            while waiting and waiting[0][0] < start + 3_600_000 and written < self.events:
                arrival, _, event = heapq.heappop(waiting)
                written += 1
                yield arrival, event
        while waiting and written < self.events:
            arrival, _, event = heapq.heappop(waiting)
            written += 1
            yield arrival, event

    def _hours(self):
        """Yields (start in milliseconds, number of events) for each hour of all days."""
        total, before, passed = sum(HOUR_WEIGHTS) * self.days, 0, 0
        first = int(START.timestamp() * 1000)
        for hour in range(24 * self.days):
            passed += HOUR_WEIGHTS[hour % 24]
            until = self.events * passed // total
            yield first + hour * 3_600_000, until - before
            before = until

    def _step(self, happened):
        """Returns the events of one basket, or one other event."""
        store = self.stores[self._below(len(self.stores))]
        till = store.tills[self._below(len(store.tills))]
        if self.random.random() >= BASKET_SHARE:
            kind = OTHER_KINDS[self._below(len(OTHER_KINDS))]
            return [self._event(store, till, kind, happened)]
        size = 1
        while size < 12 and self.random.random() < 0.61:
            size += 1
        till.next_receipt += 1
        return [self._event(store, till, "sale", happened, line + 1) for line in range(size)]

    def _event(self, store, till, kind, happened, line=None):
        if kind == "correction" and store.last_sale is None:
            kind = "count"
        sku, weighed, cents = self._draw_item()
        event = {
            "event_id": self._uuid(happened), "kind": kind, "store_id": store.store_id,
            "terminal_id": till.name, "sku": sku,
        }
        instant = self._instant(store, till, happened)
        if kind == "correction":
            wrong = store.last_sale
            event |= {key: wrong[key] for key in ("terminal_id", "sku", "occurred_at")}
            event |= {"corrects": wrong["event_id"], "reason": "incorrect_data"}
            return event
        event["quantity"] = self._quantity(kind, weighed)
        if weighed:
            event["unit"] = "KGM"
        if kind in ("sale", "return"):
            self._charge(event, store, weighed, cents)
        event["occurred_at"] = instant
        if kind == "waste":
            event["reason"] = WASTE_REASONS[self._below(len(WASTE_REASONS))]
        elif kind == "count" and self._below(2):
            event["reason"] = COUNT_REASONS[self._below(len(COUNT_REASONS))]
        elif kind.startswith("transfer"):
            event["transfer_id"] = f"T-{happened % 10_000_000:07}"
        if till.sends_sequence:
            event["sequence"] = {"epoch": till.epoch, "number": till.next_number}
            till.next_number += 1
        if line is not None and till.sends_receipts:
            event |= {"receipt": f"R{till.next_receipt}", "line": line}
        if kind == "sale":
            store.last_sale = event
        return event

    def _uuid(self, happened):
        bits = self.random.getrandbits(74)
        high, low = bits >> 62, bits & (1 << 62) - 1
        text = f"{happened:012x}7{high:03x}{low | 1 << 63:016x}"
        return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"

    def _instant(self, store, till, happened):
        at = START + timedelta(milliseconds=happened - int(START.timestamp() * 1000))
        local = at + timedelta(hours=1) if store.has_offset else at
        text = local.strftime("%Y-%m-%dT%H:%M:%S")
        if till.sends_milliseconds:
            text += f".{happened % 1000:03}"
        return text + ("+01:00" if store.has_offset else "Z")

    def _quantity(self, kind, weighed):
        if kind in ("receipt", "count", "transfer_in", "transfer_out"):
            return str(1 + self._below(48)) if not weighed else f"{1 + self._below(20)}.500"
        if weighed:
            return f"0.{80 + self._below(900):03}"
        return "1" if self.random.random() < 0.8 else str(2 + self._below(5))

    def _charge(self, event, store, weighed, cents):
        """Adds price and currency. Each second scale and some discounts send an amount as well."""
        quantity = round(float(event["quantity"]) * 1000)
        if store.currency == "ISK":
            event["unit_price"], minor = str(cents), 1
        else:
            event["unit_price"], minor = f"{cents // 100}.{cents % 100:02}", 100
        amount = None
        if weighed and self._below(2):
            amount = (cents * quantity + 500) // 1000
        elif self.random.random() < 0.03:
            amount = cents * quantity * 9 // 10_000
        if amount is not None:
            whole, part = divmod(amount, minor)
            event["amount"] = str(amount) if minor == 1 else f"{whole}.{part:02}"
        event["currency"] = store.currency

    def _repeated(self, event):
        """Returns the text of a repetition: mostly the same event, at times spelled otherwise."""
        if self.random.random() >= RESPELLED_SHARE:
            return event
        keys = sorted(event)
        again = {key: event[key] for key in keys[self._below(len(keys)):] + keys}
        if "quantity" in again and "." not in again["quantity"]:
            again["quantity"] = int(again["quantity"])
        elif "quantity" in again:
            again["quantity"] = again["quantity"].rstrip("0")
        if again["occurred_at"].endswith("Z"):
            again["occurred_at"] = again["occurred_at"][:-1] + "+00:00"
        return json.dumps(again)


def text_of(event):
    """Returns the line of an event without its line feed."""
    return event if isinstance(event, str) else json.dumps(event, separators=(",", ":"))


class Batches:
    """Writer of numbered payloads of Kinesis records into one folder."""

    def __init__(self, folder, batches, records_max=None):
        self.folder, self.batches, self.records_max = folder, batches, records_max
        self.records, self.size, self.written = [], len('{"Records":[]}'), 0
        self.sequence_number = FIRST_SEQUENCE_NUMBER
        folder.mkdir(parents=True, exist_ok=True)
        for old in folder.glob("batch-*.json"):
            old.unlink()

    @property
    def is_full(self):
        """`True` once all payloads are written."""
        return self.written >= self.batches

    def add(self, store_id, data, arrival):
        """Adds a record; writes the payload before it if it would become too large."""
        if self.is_full:
            return
        self.sequence_number += 3 + arrival % 5
        record = json.dumps({
            "kinesis": {
                "kinesisSchemaVersion": "1.0",
                "partitionKey": store_id,
                "sequenceNumber": str(self.sequence_number),
                "data": base64.b64encode(data).decode(),
                "approximateArrivalTimestamp": (arrival + 20) / 1000,
            },
            "eventSource": "aws:kinesis",
            "eventVersion": "1.0",
            "eventID": f"shardId-000000000000:{self.sequence_number}",
        } | ENVELOPE_TAIL, separators=(",", ":"))
        full = len(self.records) == self.records_max
        if full or self.size + len(record) + 1 > PAYLOAD_BYTES_MAX:
            self.flush()
        self.records.append(record)
        self.size += len(record) + 1

    def flush(self):
        """Writes the records so far as one payload."""
        if self.records and not self.is_full:
            path = self.folder / f"batch-{self.written:05}.json"
            path.write_text('{"Records":[' + ",".join(self.records) + "]}")
            self.written += 1
        self.records, self.size = [], len('{"Records":[]}')


class Compressed:
    """Packer of ten events of one store into a record of NDJSON, compressed with zstd level 1."""

    def __init__(self, batches):
        import zstandard

        self.batches = batches
        self.compressor = zstandard.ZstdCompressor(level=1)
        self.waiting = {}

    def add(self, store_id, line, arrival):
        """Adds an event; each tenth event of a store completes a record."""
        lines = self.waiting.setdefault(store_id, [])
        lines.append(line)
        if len(lines) == 10:
            self._complete(store_id, arrival)

    def _complete(self, store_id, arrival):
        data = "\n".join(self.waiting.pop(store_id)) + "\n"
        self.batches.add(store_id, self.compressor.compress(data.encode()), arrival)

    def flush(self, arrival):
        """Completes the records of all stores and writes the last payload."""
        for store_id in sorted(self.waiting):
            self._complete(store_id, arrival)
        self.batches.flush()


def generate(folder, events, stores, items, days, seed, batches):
    """Writes the file of events and the three folders of payloads."""
    folder.mkdir(parents=True, exist_ok=True)
    plain = Batches(folder / "records-1000", batches, 1000)
    large = Batches(folder / "records-6mb", -(-batches // 4))
    packed = Compressed(Batches(folder / "zstd-10", batches, 1000))
    size, arrival = 0, 0
    with open(folder / "events.ndjson", "w", encoding="ascii", newline="\n") as file:
        for arrival, event in Generator(events, stores, items, days, seed).lines():
            line = text_of(event)
            file.write(line + "\n")
            size += len(line) + 1
            if not (plain.is_full and large.is_full and packed.batches.is_full):
                store_id = json.loads(line)["store_id"]
                plain.add(store_id, line.encode(), arrival)
                large.add(store_id, line.encode(), arrival)
                packed.add(store_id, line, arrival)
    plain.flush()
    large.flush()
    packed.flush(arrival)
    print(f"{events} events, {size / events:.1f} bytes a line", file=sys.stderr)


def main():
    """Runs the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("dir", metavar="DIR", type=Path)
    parser.add_argument("--events", type=int, default=1_000_000, help="lines of events.ndjson")
    parser.add_argument("--stores", type=int, default=50)
    parser.add_argument("--items", type=int, default=2000)
    parser.add_argument("--days", type=int, default=7)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--batches", type=int, default=40,
                        help="payloads of a folder at most; records-6mb has a quarter of them")
    arguments = parser.parse_args()
    generate(arguments.dir, arguments.events, arguments.stores, arguments.items, arguments.days,
             arguments.seed, arguments.batches)


if __name__ == "__main__":
    main()
