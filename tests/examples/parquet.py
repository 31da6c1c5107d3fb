"""Reads a Parquet file by pyarrow and compares every value with a CSV file of the same rows.

Usage: parquet.py FILE.parquet FILE.csv TYPES, where TYPES are pyarrow's, separated by spaces.
An empty field of the CSV is NULL, "" is the empty string: a difference that Python's csv module does not keep, so the CSV
has NULL as the word that the test chose.
"""

import csv
import datetime
import decimal
import sys

import pyarrow.parquet

NULL = "\\N"


def text_of(value: object) -> str:
    """A value as PostgreSQL writes it."""
    if value is None:
        return NULL
    if isinstance(value, float):
        raise TypeError("a value came as floating point")
    if isinstance(value, datetime.datetime):
        return value.astimezone(datetime.timezone.utc).isoformat(" ", "microseconds").removesuffix(":00")
    if isinstance(value, decimal.Decimal):
        return format(value, "f")
    return str(value)


def main(parquet: str, rows: str, types: str) -> None:
    table = pyarrow.parquet.read_table(parquet)
    found = " ".join(str(field.type).replace(" ", "") for field in table.schema)
    if found != types:
        sys.exit(f"the types are {found}, not {types}")
    with open(rows, encoding="utf-8", newline="") as file:
        expected = list(csv.reader(file))
    actual = [[text_of(value) for value in row.values()] for row in table.to_pylist()]
    if len(actual) != len(expected):
        sys.exit(f"{len(actual)} rows, not {len(expected)}")
    for number, (one, other) in enumerate(zip(actual, expected), 1):
        if one != other:
            sys.exit(f"row {number} is {one!r}, not {other!r}")
    print(f"{len(actual)} rows are equal")


main(*sys.argv[1:])
