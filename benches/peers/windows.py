"""Canonical lines of windows, and slow exact forms of what the handler does fast.

Quantities and prices are integers of thousandths, and money is an integer of millionths: no
currency has more than three digits of its minor unit.
"""

import json
from datetime import datetime, timezone
from decimal import Decimal

QUANTITY_PLACES = 3
PRICE_PLACES = 3
MONEY_PLACES = QUANTITY_PLACES + PRICE_PLACES
WINDOW_SECONDS = 300
DAY_MILLIS = 86_400_000

MINOR_DIGITS = dict.fromkeys(
    "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF".split(), 0)
MINOR_DIGITS |= dict.fromkeys("BHD IQD JOD KWD LYD OMR TND".split(), 3)
"""Digits of the minor unit of the currencies that do not have two. Source: ISO 4217, table A.1."""

DETAILS = ("gtin", "lot", "expires_on")
CHARGED = ("sale", "return")
REASONED = ("waste", "count", "correction")
TRANSFERS = ("transfer_in", "transfer_out")


def plain(value, places):
    """Returns a scaled integer as a decimal without trailing zeros."""
    whole, part = divmod(abs(value), 10**places)
    text = f"{whole}.{part:0{places}}".rstrip("0").rstrip(".")
    return "-" + text if value < 0 else text


def scaled(number, places):
    """Returns a decimal of JSON, a text or a number, as a scaled integer.

    Raises ValueError if the number has more decimal places.
    """
    value = Decimal(str(number)).scaleb(places)
    if value != value.to_integral_value():
        raise ValueError(f"{number} has more than {places} decimal places")
    return int(value)


def instant(text):
    """Returns an instant of RFC 3339 in milliseconds since 1970; digits beyond are cut off."""
    moment = datetime.fromisoformat(text.upper())
    since = moment.astimezone(timezone.utc) - datetime(1970, 1, 1, tzinfo=timezone.utc)
    return since.days * DAY_MILLIS + since.seconds * 1000 + since.microseconds // 1000


def normalized(event):
    """Returns an event without `null` and with the spelling that the handler reads fast."""
    event = {key: value for key, value in event.items() if value is not None}
    at = datetime.fromtimestamp(instant(event["occurred_at"]) // 1000, timezone.utc)
    millis = instant(event["occurred_at"]) % 1000
    event["occurred_at"] = at.strftime("%Y-%m-%dT%H:%M:%S") + f".{millis:03}Z"
    return event


def content(event):
    """Returns the canonical JSON of an event without its import."""
    event = normalized(event)
    kind = event["kind"]
    result = {key: event[key] for key in ("event_id", "kind", "store_id", "terminal_id", "sku")}
    result |= {key: event[key] for key in DETAILS if key in event}
    quantity = "0" if kind == "correction" else event["quantity"]
    result["quantity"] = plain(scaled(quantity, QUANTITY_PLACES), QUANTITY_PLACES)
    result["unit"] = event.get("unit", "EA")
    if kind in CHARGED:
        digits = MINOR_DIGITS.get(event["currency"], 2)
        for key in ("unit_price", "amount"):
            if key in event:
                result[key] = f"{Decimal(event[key]):.{digits}f}"
        result["currency"] = event["currency"]
    result["occurred_at"] = event["occurred_at"]
    if "sequence" in event:
        result["sequence"] = {key: event["sequence"][key] for key in ("epoch", "number")}
    if "offer_id" in event:
        result["offer_id"] = event["offer_id"]
    if kind in REASONED and "reason" in event:
        result["reason"] = event["reason"]
    if kind == "correction":
        result["corrects"] = event["corrects"]
    for key in ("receipt", "line") + (("transfer_id",) if kind in TRANSFERS else ()):
        if key in event:
            result[key] = event[key]
    return json.dumps(result, separators=(",", ":"), ensure_ascii=False).encode()


def without_conflicts(events):
    """Returns {(store, id, UTC date): event}; of several contents the first in byte order."""
    kept = {}
    for event in events:
        key = event["store_id"], event["event_id"], instant(event["occurred_at"]) // DAY_MILLIS
        if key not in kept or content(event) < content(kept[key]):
            kept[key] = event
    return kept


def without_voided(kept):
    """Returns the events of `without_conflicts` without those that a correction voids.

    A correction cannot be voided. All instants must have one spelling, see `normalized`.
    """
    named = {(event["store_id"], event["corrects"], event["sku"], event["occurred_at"])
             for event in kept.values() if event["kind"] == "correction"}

    def counts(event):
        place = event["store_id"], event["event_id"], event["sku"], event["occurred_at"]
        return event["kind"] == "correction" or place not in named

    return {key: event for key, event in kept.items() if counts(event)}


def lines(rows):
    """Returns the canonical lines of the rows of one batch, sorted.

    `rows` is {(window start in seconds, store, sku): [events, sold, received, wasted, transferred,
    currency, revenue]}. With several currencies, `currency` is {currency: revenue} instead.
    """
    result = []
    for (start, store, sku), row in sorted(rows.items()):
        events, sold, received, wasted, transferred, currency, revenue = row
        window = datetime.fromtimestamp(start, timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")
        if isinstance(currency, dict):
            total = ",".join(f'"{code}":"{plain(money, MONEY_PLACES)}"'
                             for code, money in sorted(currency.items()))
            total = "{" + total + "}"
        else:
            total = f'"{plain(revenue, MONEY_PLACES)}"'
        change = received + transferred - sold - wasted
        result.append(
            f'{{"window_start":"{window}","store_id":"{store}","sku":"{sku}","events":{events},'
            f'"units_sold":"{plain(sold, QUANTITY_PLACES)}",'
            f'"units_received":"{plain(received, QUANTITY_PLACES)}",'
            f'"units_wasted":"{plain(wasted, QUANTITY_PLACES)}",'
            f'"net_change":"{plain(change, QUANTITY_PLACES)}","revenue":{total}}}\n'
        )
    return result
