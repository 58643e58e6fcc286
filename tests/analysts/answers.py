"""Answers of the queries of an export, as one JSON object, computed by DuckDB.

Usage: answers.py DIR. Each query must also be SQL of Athena: sqlglot parses it as such.
"""
import datetime
import decimal
import json
import os
import pathlib
import sys

import duckdb
import sqlglot


def plain(value):
    if isinstance(value, decimal.Decimal):
        return str(value.normalize().__format__("f"))
    if isinstance(value, (datetime.date, datetime.datetime)):
        return value.isoformat()
    return value


def main():
    folder = pathlib.Path(sys.argv[1])
    os.chdir(folder)
    database = duckdb.connect()
    database.execute(pathlib.Path("views.duckdb.sql").read_text())
    answers = {}
    for path in sorted(pathlib.Path("queries").glob("*.sql")):
        sql = path.read_text()
        sqlglot.parse_one(sql, read="athena")
        found = database.execute(sql)
        names = [column[0] for column in found.description]
        rows = [dict(zip(names, map(plain, row))) for row in found.fetchall()]
        answers[path.stem] = rows
    for statement in pathlib.Path("tables.athena.sql").read_text().split(";\n"):
        if statement.strip():
            sqlglot.parse_one(statement, read="athena")
    types = {}
    for (table,) in database.execute("SELECT view_name FROM duckdb_views() WHERE NOT internal").fetchall():
        described = database.execute(f"DESCRIBE {table}").fetchall()
        types[table] = {column[0]: column[1] for column in described}
    print(json.dumps({"answers": answers, "types": types}))


main()
