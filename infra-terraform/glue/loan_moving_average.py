"""The extract as an AWS Glue job: Spark computes the same files, keys and manifests as the Lambda.

The main path is `run`. It exports one snapshot, reads the tables in parallel slices, joins and sums them in Spark,
stages one upload per bank, reconciles the files with `loans` and publishes them by conditional writes, the manifest
last. docs/contract.md describes what it guarantees. docs/decisions/11-glue-job.md explains how all connections read one
snapshot and why the bytes equal the Lambda's.
"""

from __future__ import annotations

import argparse
import difflib
import hashlib
import json
import re
import sys
import unicodedata
import uuid
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

import boto3
from botocore.exceptions import BotoCoreError, ClientError
from pyspark.sql import DataFrame, SparkSession, Window
from pyspark.sql import functions as f

EXTRACT_NAME = "loan_moving_average"

COLUMNS = (
    "bank_id",
    "bank_name",
    "branch_id",
    "branch_address",
    "month",
    "loan_count",
    "loan_total",
    "loan_average",
    "loan_count_3m",
    "moving_average_3m",
    "monthly_total_average_3m",
)

# The window includes the month itself as its last month.
WINDOW_MONTHS = 3

# Years before are typing errors, such as 0206 for 2026, or placeholders, such as 0001: no bank has older loans.
FIRST_MONTH = "1900-01"

# The same as in the Lambda, so that equal bytes have equal ETags. S3 allows 10,000 parts, so a file has at most 78 GiB.
PART_SIZE_BYTES = 8 * 1024 * 1024

# The number of rows, of three numbers each, that a slice fetches from the database at a time.
ROWS_PER_FETCH = 10_000


# --- Errors -----------------------------------------------------------------------------------------------------------


class JobError(Exception):
    """An expected failure. Its message says what happened and what to do next."""

    def __init__(self, message: str, hint: str) -> None:
        super().__init__(f"{message}. Try: {hint}")


class RequestError(JobError):
    """The arguments are invalid, or ask for a month that has not ended."""


class QueryError(JobError):
    """The database contains something that can't be extracted."""


class ReconciliationError(JobError):
    """The files differ from the control totals, which the source computes in the same snapshot."""


class AlreadyPublishedError(JobError):
    """The month is published with other bytes, and the request does not restate it."""


class ConflictError(JobError):
    """Another run of the month is in progress, or has published first."""


# --- Months -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, order=True)
class Month:
    """A calendar month, as the number of months since year 0. No date is ever converted between time zones."""

    index: int

    @classmethod
    def of(cls, day: date) -> Month:
        return cls(day.year * 12 + day.month - 1)

    @classmethod
    def parse(cls, text: str) -> Month:
        if re.fullmatch(r"(?!0000)[0-9]{4}-(0[1-9]|1[0-2])", text) is None:
            raise argparse.ArgumentTypeError(f"expected a month as YYYY-MM, such as 2026-09, not {text!r}")
        if text < FIRST_MONTH:
            raise argparse.ArgumentTypeError(f"expected a month from {FIRST_MONTH} on, not {text}")
        return cls.of(date.fromisoformat(f"{text}-01"))

    def plus(self, months: int) -> Month:
        return Month(self.index + months)

    @property
    def year(self) -> str:
        return f"{self.index // 12:04d}"

    @property
    def number(self) -> str:
        return f"{self.index % 12 + 1:02d}"

    @property
    def first_day(self) -> date:
        return date(self.index // 12, self.index % 12 + 1, 1)

    @property
    def last_day(self) -> date:
        return self.plus(1).first_day - timedelta(days=1)

    def __str__(self) -> str:
        return f"{self.year}-{self.number}"


# --- Request and settings ---------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Request:
    """The months to extract, in order and without gaps, and what the run may do with them."""

    months: tuple[Month, ...]
    restate: bool = False
    allow_empty: bool = False
    dry_run: bool = False


@dataclass(frozen=True)
class Settings:
    """Location and format of the files, as in docs/contract.md, section 5, and how the source is read."""

    bucket: str
    prefix: str = ""
    key_layout: str = "plain"
    line_ending: str = "\n"
    kms_key_id: str | None = None
    region: str | None = None
    schema: str | None = None
    ssl: str = "verify-full"
    ca_file: str | None = None
    slices: int = 8


class Arguments(NamedTuple):
    """The parsed arguments of the job."""

    connection: str
    request: Request
    settings: Settings


# The arguments that people type. A misspelt one must be rejected, not ignored.
OF_A_RUN = ("--month", "--from", "--to", "--restate", "--allow-empty", "--dry-run")


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> Any:
        raise RequestError(
            f"wrong arguments: {message}",
            "ask for one closed month, --month 2026-09, or a range, --from 2026-01 --to 2026-06; "
            "infra-terraform/glue/README.md lists all arguments",
        )


def parse_arguments(argv: Sequence[str], now: datetime) -> Arguments:
    """Parses the job's arguments. Ignores those that Glue adds, but rejects misspelt arguments of a run."""
    parser = _Parser(allow_abbrev=False, add_help=False)
    add = parser.add_argument
    add("--month", type=Month.parse)
    add("--from", type=Month.parse, dest="first")
    add("--to", type=Month.parse, dest="last")
    for flag in ("--restate", "--allow-empty", "--dry-run"):
        add(flag, nargs="?", const="true", default="false", choices=["true", "false"])
    add("--connection", required=True)
    add("--bucket", required=True)
    add("--prefix", default="")
    add("--key-layout", choices=["plain", "hive"], default="plain")
    add("--line-ending", choices=["lf", "crlf"], default="lf")
    add("--kms-key-id")
    add("--region")
    add("--schema")
    add("--ssl", choices=["verify-full", "disable"], default="verify-full")
    add("--ca-file")
    add("--slices", type=int, default=Settings.slices)

    given, others = parser.parse_known_args(argv)
    for other in others:
        near = difflib.get_close_matches(other.split("=")[0].lower(), OF_A_RUN, n=1, cutoff=0.8)
        if near:
            parser.error(f"unknown argument {other}: did you mean {near[0]}?")
    if given.prefix.startswith("/"):
        parser.error(f"expected a prefix without a leading slash, such as loans/, not {given.prefix}")
    if given.slices < 1:
        parser.error(f"expected at least one slice, not {given.slices}")
    settings = Settings(
        bucket=given.bucket,
        prefix=given.prefix if given.prefix == "" or given.prefix.endswith("/") else f"{given.prefix}/",
        key_layout=given.key_layout,
        line_ending="\r\n" if given.line_ending == "crlf" else "\n",
        kms_key_id=given.kms_key_id or None,
        region=given.region or None,
        schema=given.schema or None,
        ssl=given.ssl,
        ca_file=given.ca_file or None,
        slices=given.slices,
    )
    months = _requested_months(parser, given, now)
    request = Request(
        months,
        restate=given.restate == "true",
        allow_empty=given.allow_empty == "true",
        dry_run=given.dry_run == "true",
    )
    return Arguments(given.connection, request, settings)


def _requested_months(parser: _Parser, given: argparse.Namespace, now: datetime) -> tuple[Month, ...]:
    if (given.month is None) == (given.first is None and given.last is None):
        parser.error("expected either --month, or --from with --to")
    if given.month is None and None in (given.first, given.last):
        parser.error("a range needs both --from and --to")
    first, last = given.month or given.first, given.month or given.last
    if last < first:
        parser.error(f"--from ({first}) is after --to ({last})")
    months = tuple(Month(index) for index in range(first.index, last.index + 1))
    present = Month.of(now.astimezone(UTC).date())
    unfinished = [str(month) for month in months if month >= present]
    if unfinished:
        parser.error(f"{', '.join(unfinished)} has not ended (UTC); the last month that has is {present.plus(-1)}")
    return months


# --- Keys -------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Bank:
    """A bank of the group, with its name as written in keys."""

    id: int
    name: str
    key_name: str


def object_key(settings: Settings, name: str, month: Month) -> str:
    """The key of a bank's file. It contains the last day of the month, so a rerun on any day has the same key."""
    folder = (
        f"bank={name}/year={month.year}/month={month.number}"
        if settings.key_layout == "hive"
        else f"{name}/{month.year}/{month.number}"
    )
    return f"{settings.prefix}{folder}/{name}_{str(month.last_day).replace('-', '')}.csv"


def is_bank_file_key(settings: Settings, month: Month, key: str) -> bool:
    """Whether a key is that of a month's file, of any bank."""
    name = re.search(r"([^/]+)_\d+\.csv\Z", key)
    return name is not None and key == object_key(settings, name[1], month)


def manifest_key(settings: Settings, month: Month) -> str:
    return f"{settings.prefix}_manifests/{month.year}/{month.number}.json"


def keyed_banks(names: Sequence[tuple[int, str]]) -> list[Bank]:
    """The banks with their names in PascalCase, which contain only digits and letters of any script with their marks.

    Raises QueryError, which names every bank whose name has no letter or digit, or gives the same key as another's, or
    the same without regard to case. The Lambda also refuses names that look the same; the job does not have its table.
    """
    banks = [Bank(bank_id, name, pascal_case(name)) for bank_id, name in names]
    problems = [f"{_described(bank)}: no letter or digit to name a file by" for bank in banks if bank.key_name == ""]
    alike = _groups([bank for bank in banks if bank.key_name != ""], lambda bank: bank.key_name)
    for group in alike:
        if len(group) > 1:
            described = " and ".join(map(_described, group))
            problems.append(f"{described}: the same file name, {group[0].key_name}")
    for group in _groups([group[0] for group in alike], lambda bank: caseless(bank.key_name)):
        if len(group) > 1:
            described = " and ".join(map(_described, group))
            key_names = " and ".join(bank.key_name for bank in group)
            problems.append(f"{described}: {key_names} differ only in case, and are one folder on Windows and macOS")
    if problems:
        raise QueryError(
            f"the banks' names don't make distinct file names: {'; '.join(problems)}",
            "correct the names in the table bank, then run the month again. Nothing was published.",
        )
    return banks


def _described(bank: Bank) -> str:
    return f"{json.dumps(bank.name, ensure_ascii=False)} (bank {bank.id})"


def _groups(banks: Iterable[Bank], key_of: Callable[[Bank], str]) -> list[list[Bank]]:
    groups: dict[str, list[Bank]] = {}
    for bank in banks:
        groups.setdefault(key_of(bank), []).append(bank)
    return list(groups.values())


# Characters that nobody sees: Unicode's property Default_Ignorable_Code_Point, which unicodedata does not have.
IGNORABLE = re.compile(
    r"[\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f"
    r"\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufff8\U0001bca0-\U0001bca3\U0001d173-\U0001d17a"
    r"\U000e0000-\U000e0fff]"
)


def pascal_case(name: str) -> str:
    """`first national` → `FirstNational`, `O'Brien & Söhne` → `OBrienSöhne`. Other letters keep their case.

    A combining mark is kept only behind a letter or digit.
    """
    kept = ""
    for char in unicodedata.normalize("NFC", IGNORABLE.sub("", name)):
        category = unicodedata.category(char)
        is_mark = category[0] == "M" and kept != "" and not kept.endswith(" ")
        is_name = category[0] == "L" or category == "Nd" or is_mark
        kept += char if is_name else " "
    return "".join(word[0].upper() + word[1:] for word in kept.split(" ") if word != "")


def caseless(text: str) -> str:
    """The same for texts that differ only in case."""
    return unicodedata.normalize("NFD", text.upper().lower())


# --- The source: one snapshot in many connections ---------------------------------------------------------------------


class Statement(NamedTuple):
    """An SQL statement in the Lambda's notation, with the parameters $1, $2, …"""

    text: str

    @classmethod
    def read(cls, folder: Path, name: str) -> Statement:
        text = (folder / name).read_text(encoding="utf-8")
        return cls(re.sub(r"--.*", "", text))

    @property
    def parameters(self) -> list[int]:
        """The numbers of the parameters, in the order of the text."""
        return [int(number) for number in re.findall(r"\$(\d)", self.text)]


@dataclass(frozen=True)
class Snapshot:
    """A `REPEATABLE READ, READ ONLY` transaction that the driver keeps open and exports for the slices."""

    connection: Any
    jdbc: Mapping[str, str]
    # The name of the exported snapshot, and its content as in pg_current_snapshot().
    exported: str
    content: str

    def query(self, statement: Statement, values: Sequence[str] = ()) -> list[list[str | None]]:
        """All rows of a small result, as text from PostgreSQL."""
        return _query(self.connection, statement, values)

    def table(self, spark: SparkSession, select: str, slices: Sequence[str] = ("true",)) -> DataFrame:
        """A select as a DataFrame. Each slice is a condition and has its own connection in this snapshot."""
        # With a fetch size, Spark turns auto-commit off first, so this starts the transaction that reads the slice.
        # Snapshot names are unique on one server only. The check rejects a connection to another server behind the
        # same endpoint, where the name may belong to another snapshot.
        import_snapshot = f"""
            set transaction isolation level repeatable read, read only;
            set transaction snapshot '{self.exported}';
            do $$ begin
                if pg_current_snapshot()::text <> '{self.content}' then
                    raise 'this connection is to another server than the one that exported the snapshot';
                end if;
            end $$
        """
        options = {**self.jdbc, "fetchsize": str(ROWS_PER_FETCH), "sessionInitStatement": import_snapshot}
        return spark.read.jdbc(
            url=options.pop("url"), table=f"({select}) as slice", predicates=list(slices), properties=options
        )


@contextmanager
def open_database(spark: SparkSession, jdbc: Mapping[str, str]) -> Iterator[Any]:
    """A JDBC connection of the driver. Closing it ends any open transaction."""
    jvm = spark.sparkContext._jvm
    assert jvm is not None
    properties = jvm.java.util.Properties()
    for name, value in jdbc.items():
        if name not in ("url", "driver"):
            properties.setProperty(name, value)
    connection = jvm.org.postgresql.Driver().connect(jdbc["url"], properties)
    try:
        yield connection
    finally:
        connection.close()


def open_snapshot(connection: Any, jdbc: Mapping[str, str]) -> Snapshot:
    """Opens the transaction and exports its snapshot, which is valid until the transaction ends."""
    connection.setAutoCommit(False)
    statement = connection.createStatement()
    statement.execute("set transaction isolation level repeatable read, read only")
    # This connection is idle while the slices are read.
    statement.execute("set local idle_in_transaction_session_timeout to 0")
    statement.close()
    exported, content = _query(connection, Statement("select pg_export_snapshot(), pg_current_snapshot()"))[0]
    return Snapshot(connection, jdbc, str(exported), str(content))


def _query(connection: Any, statement: Statement, values: Sequence[str] = ()) -> list[list[str | None]]:
    prepared = connection.prepareStatement(re.sub(r"\$\d", "?", statement.text))
    try:
        for position, number in enumerate(statement.parameters, start=1):
            prepared.setString(position, values[number - 1])
        result = prepared.executeQuery()
        width = result.getMetaData().getColumnCount()
        rows = []
        while result.next():
            rows.append([result.getString(column) for column in range(1, width + 1)])
        return rows
    finally:
        prepared.close()


def jdbc_options(connection: Mapping[str, str], settings: Settings) -> dict[str, str]:
    """The options for Spark's JDBC reader and the driver, from a URL, a user and a password."""
    return {
        "url": connection["url"],
        "user": connection["user"],
        "password": connection["password"],
        "driver": "org.postgresql.Driver",
        "ApplicationName": "bank-batch",
        "tcpKeepAlive": "true",
        **_tls_options(settings),
        **({} if settings.schema is None else {"currentSchema": settings.schema}),
    }


def _tls_options(settings: Settings) -> dict[str, str]:
    """How the driver checks the server's certificate and its name."""
    if settings.ssl == "disable":
        return {"sslmode": "disable"}
    if settings.ca_file is None:
        # The JVM's trust store.
        return {"sslmode": "verify-full", "sslfactory": "org.postgresql.ssl.DefaultJavaSSLFactory"}
    return {"sslmode": "verify-full", "sslrootcert": settings.ca_file}


# --- The figures ------------------------------------------------------------------------------------------------------


def days_sliced(first: date, end: date, slices: int) -> list[str]:
    """Conditions that divide the days from `first` to before `end` into half-open ranges that an index can serve."""
    days = (end - first).days
    count = min(slices, days)
    bounds = [first + timedelta(days=days * number // count) for number in range(count + 1)]
    return [f"loan_date >= date '{low}' and loan_date < date '{high}'" for low, high in pairwise(bounds)]


def ids_sliced(column: str, lowest: int, highest: int, slices: int) -> list[str]:
    """Conditions that divide the values of a key into ranges that its index can serve."""
    width = -(-(highest - lowest + 1) // slices)
    return [
        f"{column} >= {low} and {column} < {min(low + width, highest + 1)}" for low in range(lowest, highest + 1, width)
    ]


def compute_rows(spark: SparkSession, snapshot: Snapshot, months: Sequence[Month], slices: int) -> DataFrame:
    """One row per branch and month, in the order of the files, with sums and counts but no averages yet.

    The grid contains every branch in every month, so a month without loans counts as one of the three, and no older
    month enters the window.
    """
    first, last = months[0], months[-1]
    earliest = first.plus(1 - WINDOW_MONTHS)

    def whole(table: str, key: str) -> list[str]:
        lowest, highest = snapshot.query(Statement(f"select min({key}), max({key}) from {table}"))[0]
        if lowest is None or highest is None:
            return ["false"]
        return ids_sliced(key, int(lowest), int(highest), slices)

    loans = snapshot.table(
        spark,
        "select account_idaccount, amount, loan_date,"
        " (extract(year from loan_date) * 12 + extract(month from loan_date) - 1)::integer as month_index from loans",
        days_sliced(earliest.first_day, last.plus(1).first_day, slices),
    )
    accounts = snapshot.table(spark, "select idaccount, client_idclient from account", whole("account", "idaccount"))
    clients = snapshot.table(spark, "select idclient, branch_idbranch from client", whole("client", "idclient"))
    branches = snapshot.table(
        spark,
        "select bank.idbank as bank_id, bank.name as bank_name, branch.idbranch as branch_id,"
        " branch.address as branch_address from bank join branch on branch.bank_idbank = bank.idbank",
    )

    monthly = (
        loans.join(accounts, loans.account_idaccount == accounts.idaccount)
        .join(clients, accounts.client_idclient == clients.idclient)
        .groupBy(f.col("branch_idbranch").alias("branch_id"), "month_index")
        .agg(
            f.count("*").alias("loan_count"),
            f.count("amount").alias("amount_count"),
            # A bigint is large enough for 2^32 loans, the maximum number, of 2^31 each.
            f.sum("amount").alias("loan_total"),
        )
    )
    grid = branches.crossJoin(
        spark.range(earliest.index, last.index + 1).select(f.col("id").cast("int").alias("month_index"))
    )
    window = Window.partitionBy("branch_id").orderBy("month_index").rowsBetween(1 - WINDOW_MONTHS, 0)
    sums = ("loan_count", "amount_count", "loan_total")
    return (
        grid.join(monthly, ["branch_id", "month_index"], "left")
        .na.fill(0, list(sums))
        .select(
            "bank_id",
            "bank_name",
            "branch_id",
            "branch_address",
            "month_index",
            *sums,
            *(f.sum(name).over(window).alias(f"{name}_3m") for name in sums),
        )
        .where(f.col("month_index") >= first.index)
        .orderBy("month_index", "bank_id", "branch_id")
    )


def hundredths(dividend: int, divisor: int) -> str | None:
    """A quotient with 2 decimals from integers only, rounded half away from zero as in PostgreSQL; None for x / 0."""
    if divisor == 0:
        return None
    size = (abs(dividend) * 200 + divisor) // (divisor * 2)
    sign = "-" if dividend < 0 and size > 0 else ""
    return f"{sign}{size // 100}.{size % 100:02d}"


def fields_of(row: Any) -> list[str | None]:
    """The fields of a row, in the order of the columns."""
    return [
        str(row.bank_id),
        row.bank_name,
        str(row.branch_id),
        row.branch_address,
        str(Month(row.month_index)),
        str(row.loan_count),
        str(row.loan_total),
        hundredths(row.loan_total, row.amount_count),
        str(row.loan_count_3m),
        hundredths(row.loan_total_3m, row.amount_count_3m),
        hundredths(row.loan_total_3m, WINDOW_MONTHS),
    ]


class GroupedRows:
    """Divides one ordered result into the rows of each file. A bank without branches has no rows."""

    def __init__(self, rows: Iterable[Any]) -> None:
        self._rows = iter(rows)
        self._next: Any = next(self._rows, None)

    def take(self, bank: Bank, month: Month) -> Iterator[Any]:
        while self._next is not None and self._next.bank_id == bank.id and self._next.month_index == month.index:
            yield self._next
            self._next = next(self._rows, None)


# --- The files --------------------------------------------------------------------------------------------------------


def csv_line(fields: Iterable[str | None], line_ending: str) -> str:
    """A line in the format of RFC 4180. NULL is an empty field, the empty string is `""`."""
    return ",".join(map(_csv_field, fields)) + line_ending


def _csv_field(text: str | None) -> str:
    if text is None:
        return ""
    if text == "" or any(char in text for char in ',"\r\n'):
        return '"' + text.replace('"', '""') + '"'
    return text


@dataclass
class CsvFile:
    """A bank file while it is being written: its bytes, and the counts, sums and hash that describe them."""

    rows: Iterable[Any]
    line_ending: str
    row_count: int = 0
    byte_count: int = 0
    loan_count: int = 0
    loan_total: int = 0
    window_loan_count: int = 0
    window_loan_total: int = 0
    _hash: Any = field(default_factory=hashlib.sha256)

    @property
    def sha256(self) -> str:
        return str(self._hash.hexdigest())

    def lines(self) -> Iterator[bytes]:
        """The bytes, line by line. Can be iterated only once."""
        yield self._counted(COLUMNS)
        for row in self.rows:
            self.row_count += 1
            self.loan_count += row.loan_count
            self.loan_total += row.loan_total
            self.window_loan_count += row.loan_count_3m
            self.window_loan_total += row.loan_total_3m
            yield self._counted(fields_of(row))

    def _counted(self, fields: Iterable[str | None]) -> bytes:
        line = csv_line(fields, self.line_ending).encode("utf-8")
        self._hash.update(line)
        self.byte_count += len(line)
        return line


def parts_of(chunks: Iterable[bytes]) -> Iterator[bytes]:
    """The same bytes, divided into parts of an upload."""
    part = bytearray()
    for chunk in chunks:
        part += chunk
        while len(part) >= PART_SIZE_BYTES:
            yield bytes(part[:PART_SIZE_BYTES])
            del part[:PART_SIZE_BYTES]
    if part:
        yield bytes(part)


# --- The bucket -------------------------------------------------------------------------------------------------------


class Version(NamedTuple):
    """One version of an object. The id is None in a bucket without versioning."""

    etag: str
    version_id: str | None


class Staged(NamedTuple):
    """A multipart upload with all its parts that is not completed, so nobody can see it."""

    key: str
    upload_id: str
    parts: list[dict[str, Any]]


class Bucket:
    """The bucket. Objects are staged first and completed later. Every write is conditional on the present version."""

    def __init__(self, s3: Any, settings: Settings, run_id: str) -> None:
        self._s3 = s3
        self._settings = settings
        self._run_id = run_id

    def head(self, key: str) -> Version | None:
        found = self._head(key)
        return None if found is None else _version(found)

    def read(self, key: str) -> tuple[str, Version] | None:
        try:
            found = self._s3.get_object(**self._at(key))
        except ClientError as error:
            if _code(error) == "NoSuchKey":
                return None
            raise
        return found["Body"].read().decode("utf-8"), _version(found)

    def stage(self, key: str, chunks: Iterable[bytes]) -> Staged:
        """Uploads bytes of any length with one part in memory at a time. A failure leaves no upload open."""
        begun = self._s3.create_multipart_upload(
            **self._at(key), **self._attributes(), ContentType="text/csv; charset=utf-8", ChecksumAlgorithm="CRC32"
        )
        staged = Staged(key, begun["UploadId"], [])
        try:
            for number, body in enumerate(parts_of(chunks), start=1):
                part = self._s3.upload_part(
                    **self._at(key), UploadId=staged.upload_id, PartNumber=number, Body=body, ChecksumAlgorithm="CRC32"
                )
                staged.parts.append(
                    {"PartNumber": number, "ETag": part["ETag"], "ChecksumCRC32": part["ChecksumCRC32"]}
                )
        except BaseException as error:
            self.abort([(key, staged.upload_id)])
            # A run aborts the open uploads that it finds, so another run may have aborted this one.
            if isinstance(error, ClientError) and _code(error) == "NoSuchUpload":
                raise self._conflict("dropped the upload of", key) from error
            raise
        return staged

    def complete(self, staged: Staged, replaces: Version | None) -> Version:
        """Makes a staged object visible if the key still has the version `replaces`, or no object if that is None."""
        return self._write(
            staged.key,
            replaces,
            lambda s3: s3.complete_multipart_upload(
                **self._at(staged.key), UploadId=staged.upload_id, MultipartUpload={"Parts": staged.parts}
            ),
        )

    def put_json(self, key: str, text: str, replaces: Version | None) -> Version:
        """Writes a small JSON object under the same condition."""
        return self._write(
            key,
            replaces,
            lambda s3: s3.put_object(
                **self._at(key), **self._attributes(), ContentType="application/json", Body=text.encode("utf-8")
            ),
        )

    def open_uploads(self, month: Month) -> list[tuple[str, str]]:
        """The open uploads of a month's files, from any run, also of banks that were renamed since."""
        pages = self._s3.get_paginator("list_multipart_uploads").paginate(
            Bucket=self._settings.bucket, Prefix=self._settings.prefix
        )
        uploads = (upload for page in pages for upload in page.get("Uploads", []))
        return [
            (upload["Key"], upload["UploadId"])
            for upload in uploads
            if is_bank_file_key(self._settings, month, upload["Key"])
        ]

    def abort(self, uploads: Iterable[tuple[str, str]]) -> None:
        """Aborts uploads. If one can't be aborted, the next run or the bucket's lifecycle rule does it."""
        for key, upload_id in uploads:
            try:
                self._s3.abort_multipart_upload(**self._at(key), UploadId=upload_id)
            except (BotoCoreError, ClientError) as error:
                if not isinstance(error, ClientError) or _code(error) != "NoSuchUpload":
                    print(f"an upload of {key} stays open: {error}", file=sys.stderr)

    def _write(self, key: str, replaces: Version | None, send: Callable[[Any], Any]) -> Version:
        condition = {"If-None-Match": "*"} if replaces is None else {"If-Match": replaces.etag}
        try:
            with _headers(self._s3, condition):
                return _version(send(self._s3))
        except ClientError as error:
            refused = _code(error) in ("PreconditionFailed", "ConditionalRequestConflict", "NoSuchUpload")
            if not refused and not (_code(error) == "NoSuchKey" and replaces is not None):
                raise
            # A request whose response was lost is retried. If the first request succeeded, S3 rejects the retry.
            present = self._head(key)
            if present is not None and present["Metadata"].get("run-id") == self._run_id:
                return _version(present)
            raise self._conflict("wrote", key) from error

    def _conflict(self, did: str, key: str) -> ConflictError:
        return ConflictError(
            f"another run {did} s3://{self._settings.bucket}/{key} in the meantime",
            "let the other run end, then run the month again: it continues from what is there.",
        )

    def _head(self, key: str) -> Any:
        try:
            return self._s3.head_object(**self._at(key))
        except ClientError as error:
            if _code(error) == "404":
                return None
            raise

    def _at(self, key: str) -> dict[str, str]:
        return {"Bucket": self._settings.bucket, "Key": key}

    def _attributes(self) -> dict[str, Any]:
        """Marks every object with its run, so a run recognises its own object after a lost response."""
        attributes: dict[str, Any] = {"Metadata": {"run-id": self._run_id}}
        if self._settings.kms_key_id is not None:
            attributes |= {
                "ServerSideEncryption": "aws:kms",
                "SSEKMSKeyId": self._settings.kms_key_id,
                "BucketKeyEnabled": True,
            }
        return attributes


@contextmanager
def _headers(s3: Any, headers: Mapping[str, str]) -> Iterator[None]:
    """Adds headers to requests, because boto3 1.34, which Glue may include, has no parameters for conditions."""

    def add(params: dict[str, Any], **_: Any) -> None:
        params["headers"].update(headers)

    s3.meta.events.register("before-call.s3", add)
    try:
        yield
    finally:
        s3.meta.events.unregister("before-call.s3", add)


def _code(error: ClientError) -> str:
    return str(error.response.get("Error", {}).get("Code"))


def _version(answer: Mapping[str, Any]) -> Version:
    return Version(answer["ETag"], _version_or_none(answer.get("VersionId")))


def _version_or_none(version_id: str | None) -> str | None:
    """None for an object that was written without versioning: S3 sends no id for it, or `null`."""
    return None if version_id == "null" else version_id


# --- Reconciliation ---------------------------------------------------------------------------------------------------


class LoanTotals(NamedTuple):
    """The number and the total amount of the month's loans, and of the loans in its window."""

    loan_count: int
    loan_total: int
    window_loan_count: int
    window_loan_total: int

    @classmethod
    def of(cls, files: Iterable[CsvFile]) -> LoanTotals:
        made = [*files]
        return cls(*(sum(getattr(file, name) for file in made) for name in cls._fields))

    @classmethod
    def published(cls, entry: Mapping[str, Any]) -> LoanTotals:
        return cls(*(int(entry[name]) for name in MEASURES))

    def entries(self) -> dict[str, str]:
        """As the manifest has them."""
        return {name: str(figure) for name, figure in zip(MEASURES, self, strict=True)}

    def __str__(self) -> str:
        window = f"window: {_count_loans(self.window_loan_count)} of {self.window_loan_total}"
        return f"{_count_loans(self.loan_count)} of {self.loan_total} in all ({window})"


MEASURES = ("loanCount", "loanTotal", "windowLoanCount", "windowLoanTotal")
NOTHING = LoanTotals(0, 0, 0, 0)


def _count_loans(count: int) -> str:
    return f"{count} {'loan' if count == 1 else 'loans'}"


@dataclass(frozen=True)
class Controls:
    """The control totals, which PostgreSQL computes in the same snapshot with the Lambda's control statements."""

    loans: Mapping[str, LoanTotals]
    branch_counts: Mapping[int, int]
    quality: Mapping[str, Mapping[str, int]]

    @classmethod
    def read(cls, snapshot: Snapshot, folder: Path, months: Sequence[Month]) -> Controls:
        days = [str(months[0].first_day), str(months[-1].first_day)]
        rows = snapshot.query(Statement.read(folder, "loan_controls.sql"), days)
        branches = snapshot.query(Statement.read(folder, "branch_controls.sql"))
        by_month = {str(row[0]): [int(str(text)) for text in row[1:]] for row in rows}
        return cls(
            loans={month: LoanTotals(*figures[: len(MEASURES)]) for month, figures in by_month.items()},
            branch_counts={int(str(bank)): int(str(count)) for bank, count in branches},
            quality={
                month: {
                    "loansWithoutAmount": without_amount,
                    "loansWithNegativeAmount": negative,
                    "loansWithoutDate": without_date,
                }
                for month, (*_, without_amount, negative, without_date) in by_month.items()
            },
        )


def refuse_empty_months(request: Request, states: Mapping[Month, MonthState], controls: Controls) -> None:
    """Raises QueryError for months without loans that would be published, or restated to be empty."""
    if request.allow_empty:
        return

    def would_write(month: Month) -> bool:
        manifest = states[month].manifest
        if manifest is None or states[month].is_withdrawn:
            return True
        return request.restate and manifest["totals"]["loanCount"] != "0"

    empty = [
        str(month)
        for month in request.months
        if controls.loans.get(str(month), NOTHING).loan_count == 0 and would_write(month)
    ]
    if empty:
        verb, whose = ("is", "it") if len(empty) == 1 else ("are", "them")
        raise QueryError(
            f"{', '.join(empty)} {verb} empty: the table loans has no data of {whose}",
            "check the month, and whether its data is in the source. To publish an empty month on purpose, add "
            "--allow-empty true",
        )


BankTotals = Mapping[int | None, LoanTotals]


def read_bank_totals(snapshot: Snapshot, folder: Path, month: Month) -> BankTotals:
    """A month's loans by bank in the source, with None for loans of no bank. Explains a difference."""
    rows = snapshot.query(Statement.read(folder, "loan_bank_controls.sql"), [str(month.first_day)])
    return {
        None if bank is None else int(bank): LoanTotals(*(int(str(figure)) for figure in figures))
        for bank, *figures in rows
    }


def reconcile(month: Month, files: Sequence[MadeFile], controls: Controls, ask_banks: Callable[[], BankTotals]) -> None:
    """Raises ReconciliationError, which names every difference. Queries the banks only if the loans differ."""
    differences = []
    held = LoanTotals.of(file.csv for file in files)
    if held != controls.loans[str(month)]:
        differences = _loan_differences(files, ask_banks())
        if not differences:
            differences.append(f"the files have {held}, the table loans {controls.loans[str(month)]}")
    for bank, _, csv, _ in files:
        branch_count = controls.branch_counts.get(bank.id, 0)
        if csv.row_count != branch_count:
            differences.append(f"{bank.name}: the file has {csv.row_count} branches, the table branch {branch_count}")
    if differences:
        raise ReconciliationError(
            f"{month} does not reconcile: {'; '.join(differences)}",
            f"correct the data of {month.plus(1 - WINDOW_MONTHS)} to {month} in the source, then run the month again; "
            "docs/runbook.md has queries that find it. Nothing of the month was published.",
        )


def _loan_differences(files: Sequence[MadeFile], banks: BankTotals) -> list[str]:
    differences = []
    for bank, _, csv, _ in files:
        held, expected = LoanTotals.of([csv]), banks.get(bank.id, NOTHING)
        if held != expected:
            differences.append(f"{bank.name}: the file has {held}, the table loans {expected}")
    without_bank = banks.get(None, NOTHING)
    if without_bank != NOTHING:
        differences.append(f"without a bank: {without_bank}, because an account, client or branch is missing")
    return differences


# --- Publication ------------------------------------------------------------------------------------------------------


class MadeFile(NamedTuple):
    """A finished bank file. It is staged unless it is only compared."""

    bank: Bank
    key: str
    csv: CsvFile
    staged: Staged | None


@dataclass(frozen=True)
class MonthState:
    """What the bucket contains of a month."""

    manifest_key: str
    manifest: dict[str, Any] | None
    manifest_version: Version | None
    objects: Mapping[str, Version]

    @classmethod
    def read(cls, bucket: Bucket, manifest: str, keys: Iterable[str]) -> MonthState:
        found = bucket.read(manifest)
        heads = {key: version for key in keys if (version := bucket.head(key)) is not None}
        if found is None:
            return cls(manifest, None, None, heads)
        return cls(manifest, json.loads(found[0]), found[1], heads)

    @property
    def published(self) -> dict[str, dict[str, Any]]:
        """The manifest's files by key."""
        return {} if self.manifest is None else {file["key"]: file for file in self.manifest["files"]}

    def is_in_place(self, file: Mapping[str, Any]) -> bool:
        return self.objects.get(file["key"]) == Version(file["etag"], _version_or_none(file["versionId"]))

    @property
    def is_withdrawn(self) -> bool:
        return self.manifest is not None and self.manifest.get("state") == "withdrawn"

    @property
    def is_intact(self) -> bool:
        return self.manifest is not None and all(map(self.is_in_place, self.manifest["files"]))


@dataclass(frozen=True)
class Plan:
    """What publishing will do, decided before anything is written."""

    status: str
    revision: int
    write: list[MadeFile]


def plan_publication(month: Month, files: list[MadeFile], before: MonthState, restate: bool) -> Plan:
    """Raises AlreadyPublishedError if publishing would change a published month without `restate`."""
    if before.manifest is None:
        return Plan("published", 1, files)
    published, revision = before.published, int(before.manifest["revision"])
    write = [
        file
        for file in files
        if file.key not in published
        or published[file.key]["sha256"] != file.csv.sha256
        or not before.is_in_place(published[file.key])
    ]
    differences = _differences(files, published)
    if not differences and not write:
        return Plan("unchanged", revision, [])
    if differences and not restate:
        raise AlreadyPublishedError(
            f"{month} is published as revision {revision} and would change: {'; '.join(differences)}",
            f"if the change is meant, restate the month: --month {month} --restate true",
        )
    return Plan("restated" if differences else "repaired", revision + 1, write)


def _differences(files: Iterable[MadeFile], published: Mapping[str, dict[str, Any]]) -> list[str]:
    differences = []
    for bank, key, csv, _ in files:
        before = published.get(key)
        after = f"{csv.row_count} rows, {LoanTotals.of([csv])}"
        if before is None:
            differences.append(f"{bank.name}: no file before, now {after}")
        elif before["sha256"] != csv.sha256:
            held = f"{before['rowCount']} rows, {LoanTotals.published(before)}"
            differences.append(f"{bank.name}: published with {held}, now {after}")
    made = {file.key for file in files}
    for key, before in published.items():
        if key not in made:
            differences.append(f"{before['bankName']}: published with {before['rowCount']} rows, now no file")
    return differences


def publish(bucket: Bucket, plan: Plan, before: MonthState, describe: Callable[..., dict[str, Any]]) -> None:
    """Completes the objects, in the same order in every run so that the first decides a race, then the manifest."""
    if plan.status == "unchanged":
        return
    versions = dict(before.objects)
    for file in plan.write:
        assert file.staged is not None, f"{file.key} was planned to be written but never staged"
        versions[file.key] = bucket.complete(file.staged, before.objects.get(file.key))
    text = json.dumps(describe(versions), indent=2, ensure_ascii=False)
    bucket.put_json(before.manifest_key, f"{text}\n", before.manifest_version)


@dataclass(frozen=True)
class Provenance:
    """What a manifest contains besides the files."""

    run_id: str
    database: str
    server_version: str
    snapshot: str
    program_version: str

    def manifest(
        self,
        month: Month,
        files: Sequence[MadeFile],
        versions: Mapping[str, Version],
        revision: int,
        published_at: datetime,
        quality: Mapping[str, int],
        previous: Mapping[str, Any] | None,
    ) -> dict[str, Any]:
        """The manifest, in the form of docs/manifest.schema.json."""
        utc = published_at.astimezone(UTC)
        return {
            "schemaVersion": 1,
            "extract": EXTRACT_NAME,
            "month": str(month),
            "period": {"from": str(month.first_day), "to": str(month.last_day)},
            "window": {"from": str(month.plus(1 - WINDOW_MONTHS).first_day), "to": str(month.last_day)},
            "state": "published",
            "revision": revision,
            "publishedAt": utc.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
            "runId": self.run_id,
            "source": {"database": self.database, "serverVersion": self.server_version, "snapshot": self.snapshot},
            "query": {"name": Path(__file__).name, "sha256": hashlib.sha256(Path(__file__).read_bytes()).hexdigest()},
            "program": {"version": self.program_version},
            "columns": list(COLUMNS),
            "files": [
                {
                    "bankId": bank.id,
                    "bankName": bank.name,
                    "key": key,
                    "versionId": versions[key].version_id,
                    "etag": versions[key].etag,
                    "byteCount": csv.byte_count,
                    "rowCount": csv.row_count,
                    "sha256": csv.sha256,
                    **LoanTotals.of([csv]).entries(),
                }
                for bank, key, csv, _ in files
            ],
            "totals": {
                "rowCount": sum(file.csv.row_count for file in files),
                **LoanTotals.of(file.csv for file in files).entries(),
            },
            "quality": dict(quality),
            "history": [] if previous is None else [*previous["history"], _as_history(previous)],
        }


def _as_history(manifest: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "revision": manifest["revision"],
        "publishedAt": manifest["publishedAt"],
        **{name: manifest[name] for name in ("by", "reason") if name in manifest},
        "files": [{name: file[name] for name in ("key", "versionId", "sha256")} for file in manifest["files"]],
    }


# --- The main path ----------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Job:
    """Everything that a run needs: its settings and its environment."""

    settings: Settings
    spark: SparkSession
    jdbc: Mapping[str, str]
    s3: Any
    # The directory with the statements shared with the Lambda, and package.json with the version.
    shared_files: Path
    run_id: str = field(default_factory=lambda: str(uuid.uuid4()))
    now: Callable[[], datetime] = lambda: datetime.now(UTC)
    log: Callable[[str], None] = print


def run(request: Request, job: Job) -> dict[str, Any]:
    """Extracts the months from one snapshot, publishes them one by one in order and returns the summary.

    A failed month stays as it was, and the months before it stay published. No upload stays open.
    """
    shared, settings = job.shared_files, job.settings
    bucket = Bucket(job.s3, settings, job.run_id)
    done: list[dict[str, Any]] = []
    with open_database(job.spark, job.jdbc) as connection:
        if not request.dry_run:
            lock_months(connection, settings, request.months)
        # Before the snapshot: a run may only replace what was published when its data was read, or earlier.
        states = read_states(connection, request, job, bucket)
        snapshot = open_snapshot(connection, job.jdbc)
        database, server_version, instant = snapshot.query(Statement.read(shared, "source.sql"))[0]
        job.log(f"reading {database} in the snapshot {instant}, in {settings.slices} slices per table")
        version = json.loads((shared / "package.json").read_text(encoding="utf-8"))["version"]
        provenance = Provenance(job.run_id, str(database), str(server_version), str(instant), version)
        banks = read_banks(snapshot.connection, shared)
        controls = Controls.read(snapshot, shared, request.months)
        refuse_empty_months(request, states, controls)
        result = compute_rows(job.spark, snapshot, request.months, settings.slices)
        rows = GroupedRows(result.toLocalIterator(prefetchPartitions=True))
        for month in request.months:
            before = states[month]
            summary = extract_month(month, request, job, bucket, banks, before, rows, controls, snapshot, provenance)
            would = "would be " if request.dry_run else ""
            job.log(f"{month}  {would}{summary['status']}, revision {summary['revision']}  {summary['manifest']}")
            done.append(summary)
    dry_run = {"dryRun": True} if request.dry_run else {}
    return {"runId": job.run_id, "extract": EXTRACT_NAME, **dry_run, "months": done}


def extract_month(
    month: Month,
    request: Request,
    job: Job,
    bucket: Bucket,
    banks: Sequence[Bank],
    before: MonthState,
    rows: GroupedRows,
    controls: Controls,
    snapshot: Snapshot,
    provenance: Provenance,
) -> dict[str, Any]:
    """Makes the files of all banks for a month, reconciles them, and publishes all or none."""
    if before.is_withdrawn and not request.restate:
        raise AlreadyPublishedError(f"{month} was withdrawn", "to publish it again, run it with --restate true")
    keys = {bank.id: object_key(job.settings, bank.key_name, month) for bank in banks}
    left_over = [] if request.dry_run else [*bucket.open_uploads(month)]
    # A published month that may not change needs no uploads. Its bytes are only computed and compared.
    stage = not request.dry_run and (request.restate or not before.is_intact)

    files: list[MadeFile] = []
    completed: set[str] = set()
    try:
        for bank in banks:
            csv = CsvFile(rows.take(bank, month), job.settings.line_ending)
            staged = bucket.stage(keys[bank.id], csv.lines()) if stage else None
            if staged is None:
                deque(csv.lines(), maxlen=0)
            files.append(MadeFile(bank, keys[bank.id], csv, staged))
        reconcile(month, files, controls, lambda: read_bank_totals(snapshot, job.shared_files, month))
        plan = plan_publication(month, files, before, request.restate)
        if not request.dry_run:
            publish(
                bucket,
                plan,
                before,
                lambda versions: provenance.manifest(
                    month, files, versions, plan.revision, job.now(), controls.quality[str(month)], before.manifest
                ),
            )
            completed = {file.key for file in plan.write}
            # Only now: they may belong to a run that is alive, and if both aborted the other's, nobody would publish.
            bucket.abort(left_over)
    finally:
        bucket.abort(
            (file.key, file.staged.upload_id) for file in files if file.staged is not None and file.key not in completed
        )
    return {
        "month": str(month),
        "status": plan.status,
        "revision": plan.revision,
        "manifest": before.manifest_key,
        "files": [{"key": key, "rowCount": csv.row_count, "byteCount": csv.byte_count} for _, key, csv, _ in files],
    }


def lock_months(connection: Any, settings: Settings, months: Sequence[Month]) -> None:
    """Stops a second run of these months early, in a Glue job or a Lambda, because both take the same lock."""
    name = f"{EXTRACT_NAME} s3://{settings.bucket}/{settings.prefix}".encode()
    space = int.from_bytes(hashlib.sha256(name).digest()[:4], "big", signed=True)
    for month in months:
        lock = Statement("select pg_try_advisory_lock($1::integer, $2::integer)")
        if _query(connection, lock, [str(space), f"{month.year}{month.number}"]) != [["t"]]:
            raise ConflictError(
                f"another run of {month} is under way", "let it end, then run the month again if it is still needed."
            )


def read_states(connection: Any, request: Request, job: Job, bucket: Bucket) -> dict[Month, MonthState]:
    """What the bucket contains of each month, for the banks as they are now."""
    banks = read_banks(connection, job.shared_files)
    return {
        month: MonthState.read(
            bucket,
            manifest_key(job.settings, month),
            [object_key(job.settings, bank.key_name, month) for bank in banks],
        )
        for month in request.months
    }


def read_banks(connection: Any, shared_files: Path) -> list[Bank]:
    rows = _query(connection, Statement.read(shared_files, "banks.sql"))
    if not rows:
        raise QueryError(
            "the table bank is empty, so there is no file to make",
            "check the connection's database and --schema: is this the group's operational data store?",
        )
    return keyed_banks([(int(str(bank_id)), name or "") for bank_id, name in rows])


# --- Entry point for Glue ---------------------------------------------------------------------------------------------


def glue_connection(spark: SparkSession, name: str) -> dict[str, str]:
    """URL, user and password of a Glue connection. Glue reads them from the secret that the connection names."""
    from awsglue.context import GlueContext

    conf = GlueContext(spark.sparkContext).extract_jdbc_conf(name)
    return {"url": conf["fullUrl"], "user": conf["user"], "password": conf["password"]}


def main() -> None:
    connection, request, settings = parse_arguments(sys.argv[1:], datetime.now(UTC))
    spark = SparkSession.builder.getOrCreate()
    jdbc = jdbc_options(glue_connection(spark, connection), settings)
    if settings.ca_file is not None:
        # Puts the file into the working directory of each executor, so that its name is the same everywhere.
        spark.sparkContext.addFile(settings.ca_file)
    # Glue puts the files of --extra-files into the working directory.
    job = Job(settings, spark, jdbc, boto3.client("s3", region_name=settings.region), shared_files=Path.cwd())
    print(json.dumps(run(request, job)))


if __name__ == "__main__":
    main()
