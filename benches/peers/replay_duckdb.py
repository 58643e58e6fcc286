#!/usr/bin/env python3
"""Replay of a file of till events with DuckDB: NDJSON to five-minute stock windows.

Writes one line of JSON for each window, sorted by window, store and item. Prints CPU seconds and
peak memory as JSON on stderr. An id with two contents is outside the comparison: the first row
that DuckDB sees counts.
"""

import duckdb

import replay_command

COLUMNS = {
    "event_id": "VARCHAR", "kind": "VARCHAR", "store_id": "VARCHAR", "sku": "VARCHAR",
    "quantity": "DECIMAL(10,3)", "unit_price": "DECIMAL(10,3)", "amount": "DECIMAL(13,3)",
    "currency": "VARCHAR", "occurred_at": "TIMESTAMPTZ", "corrects": "VARCHAR",
}
"""Fields that are read, with types wide enough for each valid value."""

KEPT = "sku kind corrects millis quantity currency money".split()

EVENTS = """
  SELECT store_id, event_id, sku, kind, corrects, epoch_us(occurred_at) // 1000 AS millis, quantity,
    CASE WHEN kind IN ('sale', 'return') THEN currency END AS currency,
    CASE WHEN kind IN ('sale', 'return') THEN coalesce(amount, unit_price * quantity) END AS money
  FROM read_json({path}, format = 'newline_delimited', columns = {columns})
"""

COUNTING = """
  FROM unique_events AS event WHERE kind = 'correction' OR NOT EXISTS (
    FROM unique_events AS other WHERE other.kind = 'correction'
      AND other.store_id = event.store_id AND other.corrects = event.event_id
      AND other.sku = event.sku AND other.millis = event.millis)
"""

WINDOWS = """
  SELECT millis - millis % 300000 AS window_start, store_id, sku, count(*) AS events,
    coalesce(sum(CASE kind WHEN 'sale' THEN quantity WHEN 'return' THEN -quantity END), 0)
      ::DECIMAL(18,3) AS sold,
    coalesce(sum(CASE kind WHEN 'receipt' THEN quantity END), 0)::DECIMAL(18,3) AS received,
    coalesce(sum(CASE kind WHEN 'waste' THEN quantity END), 0)::DECIMAL(18,3) AS wasted,
    coalesce(sum(CASE kind WHEN 'transfer_in' THEN quantity WHEN 'transfer_out' THEN -quantity
      END), 0)::DECIMAL(18,3) AS transferred,
    coalesce(sum(CASE kind WHEN 'return' THEN -money ELSE money END), 0)
      ::DECIMAL(18,6) AS revenue,
    coalesce(min(currency) <> max(currency), false) AS has_several
  FROM counting GROUP BY ALL
"""

SEVERAL = """
  SELECT window_start, store_id, sku,
    '{' || string_agg('"' || currency || '":"' || total || '"', ',' ORDER BY currency) || '}'
      AS revenues
  FROM (
    SELECT w.window_start, store_id, sku, currency,
      rtrim(rtrim(sum(CASE kind WHEN 'return' THEN -money ELSE money END)
        ::DECIMAL(18,6)::VARCHAR, '0'), '.') AS total
    FROM counting JOIN (FROM windows WHERE has_several) AS w USING (store_id, sku)
    WHERE millis - millis % 300000 = w.window_start AND currency IS NOT NULL
    GROUP BY ALL)
  GROUP BY ALL
"""


def plain(number):
    """Returns an expression for a decimal without trailing zeros."""
    return (f"CASE WHEN {number} % 1 = 0 THEN {number}::BIGINT::VARCHAR "
            f"ELSE rtrim({number}::VARCHAR, '0') END")


def literal(text):
    """Returns a literal of SQL."""
    return "'" + text.replace("'", "''") + "'"


def replay(connection, source, target):
    """Reads a file of events and writes the lines of its windows."""
    columns = "{" + ", ".join(f"{name}: '{kind}'" for name, kind in COLUMNS.items()) + "}"
    events = EVENTS.format(path=literal(source), columns=columns)
    firsts = ", ".join(f"first({name}) AS {name}" for name in KEPT)
    connection.execute(f"""
      CREATE TEMP TABLE unique_events AS
      SELECT store_id, event_id, {firsts} FROM ({events}) GROUP BY store_id, event_id""")
    connection.execute(f"CREATE TEMP VIEW counting AS {COUNTING}")
    connection.execute(f"CREATE TEMP TABLE windows AS {WINDOWS}")
    rows, revenue = "windows", f"""'"' || {plain("revenue")} || '"'"""
    if connection.execute("SELECT bool_or(has_several) FROM windows").fetchone()[0]:
        rows = f"windows LEFT JOIN ({SEVERAL}) USING (window_start, store_id, sku)"
        revenue = f"coalesce(revenues, {revenue})"
    change = "(received + transferred - sold - wasted)"
    # A delimiter and quotes that no line has: the writer of CSV then writes lines as they are.
    connection.execute(f"""
      COPY (
        SELECT concat('{{"window_start":"',
          strftime(make_timestamp(window_start * 1000), '%Y-%m-%dT%H:%M:%SZ'),
          '","store_id":"', store_id, '","sku":"', sku, '","events":', events,
          ',"units_sold":"', {plain("sold")}, '","units_received":"', {plain("received")},
          '","units_wasted":"', {plain("wasted")}, '","net_change":"', {plain(change)},
          '","revenue":', {revenue}, '}}')
        FROM (FROM {rows} ORDER BY window_start, store_id, sku))
      TO {literal(target)} (FORMAT csv, HEADER false, QUOTE '', ESCAPE '', DELIMITER '\x01')""")


def main():
    """Runs the command line."""
    arguments = replay_command.arguments(__doc__)
    connection = duckdb.connect()
    connection.execute(f"SET threads = {arguments.threads}")
    connection.execute("SET preserve_insertion_order = false")
    replay(connection, arguments.input, arguments.output)
    replay_command.print_usage()


if __name__ == "__main__":
    main()
