#!/usr/bin/env python3
"""Replay of a file of till events with Polars: NDJSON to five-minute stock windows.

Writes one line of JSON for each window, sorted by window, store and item. Prints CPU seconds and
peak memory as JSON on stderr. An id with two contents is outside the comparison: any row of it
counts.
"""

import os

import replay_command

FIELDS = ("event_id kind store_id sku quantity unit_price amount currency occurred_at "
          "corrects").split()
WINDOW = ["window_start", "store_id", "sku"]




def events(pl, path):
    """Returns the events of a file, each once."""
    col = pl.col
    quantity, price, amount = (
        col(name).cast(pl.Decimal(16, 3)) for name in ("quantity", "unit_price", "amount"))
    # A product of decimals has the larger scale of its factors, so both get six places first.
    product = price.cast(pl.Decimal(38, 6)) * quantity.cast(pl.Decimal(38, 6))
    money = pl.coalesce(amount.cast(pl.Decimal(38, 6)), product)
    happened = col("occurred_at").str.to_datetime("%+", time_unit="ms", time_zone="UTC")
    is_charged = pl.when(col("kind").is_in(["sale", "return"]))
    return (
        pl.scan_ndjson(path, schema=dict.fromkeys(FIELDS, pl.String))
        .select("store_id", "event_id", "sku", "kind", "corrects", quantity,
                millis=happened.to_physical(),
                currency=is_charged.then(col("currency")),
                money=is_charged.then(pl.when(col("kind") == "sale").then(money).otherwise(-money)))
        .filter(pl.struct("store_id", "event_id").is_first_distinct())
    )


def counting(pl, every):
    """Returns the events without those that a correction voids. A correction is not voided."""
    is_correction = pl.col("kind") == "correction"
    corrections = every.filter(is_correction)
    named = corrections.select("store_id", "sku", "millis", event_id="corrects").unique()
    voided = every.filter(~is_correction).join(
        named, on=["store_id", "event_id", "sku", "millis"], how="semi")
    if voided.is_empty():
        return every
    # The few voided events are taken out by their key, which is cheaper than a join of all.
    keys = pl.struct("store_id", "event_id")
    return every.filter(~keys.is_in(voided.select(keys.alias("key"))["key"].implode()))


def windows(pl, events):
    """Returns the sums of each window, and whether it has several currencies."""
    col, kind = pl.col, pl.col("kind")
    quantity = col("quantity")
    return events.lazy().with_columns(
        window_start=col("millis") - col("millis") % 300_000
    ).group_by(WINDOW).agg(
        pl.len().alias("events"),
        pl.when(kind == "sale").then(quantity).when(kind == "return").then(-quantity)
        .sum().alias("sold"),
        pl.when(kind == "receipt").then(quantity).sum().alias("received"),
        pl.when(kind == "waste").then(quantity).sum().alias("wasted"),
        pl.when(kind == "transfer_in").then(quantity)
        .when(kind == "transfer_out").then(-quantity).sum().alias("transferred"),
        pl.sum("money"),
        (pl.min("currency") != pl.max("currency")).fill_null(False).alias("has_several"),
    ).sort(WINDOW)


def plain(pl, expression):
    """Returns an expression for a decimal without trailing zeros."""
    return expression.cast(pl.String).str.strip_chars_end("0").str.strip_chars_end(".")


def with_revenue(pl, rows, events):
    """Returns the rows with their revenue as JSON: a text, or an object of several currencies."""
    col = pl.col
    single = pl.format('"{}"', plain(pl, col("money")))
    several = rows.filter("has_several").select(WINDOW)
    if several.is_empty():
        return rows.with_columns(revenue=single)
    objects = (
        events.lazy().filter(col("currency").is_not_null())
        .with_columns(window_start=col("millis") - col("millis") % 300_000)
        .join(several.lazy(), on=WINDOW)
        .group_by([*WINDOW, "currency"]).agg(pl.sum("money")).sort("currency")
        .group_by(WINDOW, maintain_order=True)
        .agg(pairs=pl.format('"{}":"{}"', "currency", plain(pl, col("money"))).str.join(","))
        .collect()
    )
    joined = rows.join(objects, on=WINDOW, how="left", maintain_order="left")
    several = pl.concat_str(pl.lit("{"), "pairs", pl.lit("}"))
    return joined.with_columns(revenue=pl.when("has_several").then(several).otherwise(single))


def lines(pl, rows):
    """Returns one column, the lines."""
    col = pl.col
    start = col("window_start").cast(pl.Datetime("ms")).dt.strftime("%Y-%m-%dT%H:%M:%SZ")
    change = col("received") + col("transferred") - col("sold") - col("wasted")
    return rows.lazy().select(pl.concat_str(
        pl.lit('{"window_start":"'), start, pl.lit('","store_id":"'), "store_id",
        pl.lit('","sku":"'), "sku", pl.lit('","events":'), "events",
        pl.lit(',"units_sold":"'), plain(pl, col("sold")),
        pl.lit('","units_received":"'), plain(pl, col("received")),
        pl.lit('","units_wasted":"'), plain(pl, col("wasted")),
        pl.lit('","net_change":"'), plain(pl, change),
        pl.lit('","revenue":'), "revenue", pl.lit("}"),
    ))


def replay(pl, source, target):
    """Reads a file of events and writes the lines of its windows."""
    every = events(pl, source).collect()
    standing = counting(pl, every)
    rows = windows(pl, standing).collect()
    rows = with_revenue(pl, rows, standing)
    # Without quotes, the writer of CSV writes lines as they are.
    lines(pl, rows).sink_csv(target, include_header=False, quote_style="never")


def main():
    """Runs the command line."""
    arguments = replay_command.arguments(__doc__)
    # Polars reads the number of its threads when it is imported.
    os.environ["POLARS_MAX_THREADS"] = str(arguments.threads)
    import polars

    replay(polars, arguments.input, arguments.output)
    replay_command.print_usage()


if __name__ == "__main__":
    main()
