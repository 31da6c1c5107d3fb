#!/usr/bin/env python3
"""Fetches the published files of a month, whole and checked, or leaves what is there.

    EXTRACT_BUCKET=my-bucket python3 fetch_month.py --month 2026-09 --bank FirstNational

Needs Python 3.9 or later and boto3. The files come to <folder>/<month>/, where state.json says which revision they are.
If the newest one is there, nothing is fetched; otherwise only the files that changed. New files are written to a folder
beside, checked against the manifest, and then take the old folder's place by a rename.

Exit codes: 0 the newest revision is there; 1 something does not match the manifest; 64 wrong input; 69 S3 refuses or
can't be reached; 75 the month is not published yet, try again later; 76 the month was withdrawn, stop using it.
"""
import argparse
import csv
import hashlib
import json
import os
import pathlib
import re
import shutil
import sys
from typing import Any, Dict, List, Optional

import boto3
from botocore.exceptions import BotoCoreError, ClientError

MISMATCH, USAGE, UNAVAILABLE, NOT_YET, WITHDRAWN = 1, 64, 69, 75, 76


class Stop(Exception):
    """Ends the program with a message and an exit code."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(message)
        self.code = code


class Source:
    """The bucket, below its prefix."""

    def __init__(self, bucket: str, prefix: str) -> None:
        self._s3 = boto3.client("s3")
        self._bucket = bucket
        self.prefix = prefix

    def manifest(self, month: str) -> Dict[str, Any]:
        key = f"{self.prefix}_manifests/{month.replace('-', '/')}.json"
        try:
            body = self._s3.get_object(Bucket=self._bucket, Key=key)["Body"].read()
        except ClientError as error:
            code = error.response["Error"]["Code"]
            if code == "NoSuchKey" or (code == "AccessDenied" and not self._is_listed(key)):
                raise Stop(NOT_YET, f"{month} is not published: there is no {key}") from None
            raise
        return json.loads(body)

    def _is_listed(self, key: str) -> bool:
        """With rights to some folders alone, S3 answers 403 for a key that does not exist, and a list tells the two apart."""
        listed = self._s3.list_objects_v2(Bucket=self._bucket, Prefix=key)
        return key in [entry["Key"] for entry in listed.get("Contents", [])]

    def download(self, file: Dict[str, Any], target: pathlib.Path) -> str:
        """Writes the version that the manifest names, and returns its SHA-256. Memory does not grow with the file."""
        # A bucket without versioning has no ids.
        version = {"VersionId": file["versionId"]} if file["versionId"] else {}
        body = self._s3.get_object(Bucket=self._bucket, Key=file["key"], **version)["Body"]
        digest = hashlib.sha256()
        target.parent.mkdir(parents=True, exist_ok=True)
        with target.open("wb") as out:
            for chunk in body.iter_chunks(1 << 20):
                digest.update(chunk)
                out.write(chunk)
        return digest.hexdigest()


def row_count(path: pathlib.Path) -> int:
    """The rows below the header; a line break inside quotes does not end a row."""
    with path.open(encoding="utf-8", newline="") as file:
        return sum(1 for _ in csv.reader(file)) - 1


def expect(key: str, what: str, found: Any, promised: Any) -> None:
    if found != promised:
        raise Stop(MISMATCH, f"{key}: {what} is {found}, and the manifest says {promised}")


def folder_name(file: Dict[str, Any], prefix: str) -> str:
    """The bank's folder: the first part of the key, without the words of the layout hive."""
    return re.sub(r"^bank=", "", file["key"][len(prefix):].split("/")[0])


def wanted_files(manifest: Dict[str, Any], bank: Optional[str], prefix: str) -> List[Dict[str, Any]]:
    files = [file for file in manifest["files"] if bank in (None, file["bankName"], folder_name(file, prefix))]
    for file in files:
        if not file["key"].startswith(prefix) or ".." in file["key"].split("/"):
            raise Stop(MISMATCH, f"the manifest names {file['key']}, which is not below the prefix {prefix!r}")
    if bank is not None and not files:
        known = ", ".join(sorted(folder_name(file, prefix) for file in manifest["files"]))
        raise Stop(USAGE, f"{manifest['month']} has no file of {bank}; its banks are {known}")
    return files


def held(folder: pathlib.Path, bank: Optional[str]) -> Dict[str, Any]:
    """What state.json says of the folder, which may not exist yet."""
    if not folder.exists():
        # The last run ended between its two renames.
        if before_last(folder).exists():
            os.rename(before_last(folder), folder)
        else:
            return {"revision": 0, "files": {}}
    try:
        state = json.loads((folder / "state.json").read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise Stop(USAGE, f"{folder} was not made by this program: give another --folder") from None
    if state["bank"] != bank:
        raise Stop(USAGE, f"{folder} is of {state['bank'] or 'all banks'}: give another --folder")
    return state


def is_intact(path: pathlib.Path, sha256: str) -> bool:
    return path.is_file() and hashlib.sha256(path.read_bytes()).hexdigest() == sha256


def fetch(source: Source, month: str, bank: Optional[str], home: pathlib.Path) -> str:
    """Brings the folder of the month to the newest revision. @returns what was done, as a sentence."""
    manifest = source.manifest(month)
    if manifest.get("state") == "withdrawn":
        raise Stop(WITHDRAWN, f"{month} was withdrawn: {manifest.get('reason', 'no reason is given')}")
    folder, revision = home / month, manifest["revision"]
    files = wanted_files(manifest, bank, source.prefix)
    names = {file["key"][len(source.prefix):]: file for file in files}
    before = held(folder, bank)
    if before["revision"] > revision:
        raise Stop(MISMATCH, f"{folder} holds revision {before['revision']}, and the manifest is revision {revision}")
    intact = {name for name, file in names.items() if is_intact(folder / name, file["sha256"])}
    if before["revision"] == revision and set(before["files"]) == set(names) == intact:
        return f"{month} revision {revision} is there already"

    fresh = home / f".{month}.new"
    shutil.rmtree(fresh, ignore_errors=True)
    for name, file in names.items():
        target = fresh / name
        if name in intact:
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy2(folder / name, target)
        else:
            expect(name, "the SHA-256", source.download(file, target), file["sha256"])
        expect(name, "the number of rows", row_count(target), file["rowCount"])
    hashes = {name: file["sha256"] for name, file in names.items()}
    state = {"month": month, "bank": bank, "revision": revision, "files": hashes}
    (fresh / "state.json").write_text(json.dumps(state, indent=2), encoding="utf-8")
    replace(folder, fresh)
    return f"{month} revision {revision}: {len(names) - len(intact)} fetched, {len(intact)} unchanged"


def before_last(folder: pathlib.Path) -> pathlib.Path:
    return folder.with_name(f".{folder.name}.old")


def replace(folder: pathlib.Path, fresh: pathlib.Path) -> None:
    """A rename can't replace a folder that has files, so the old one moves away first; held() moves it back."""
    old = before_last(folder)
    shutil.rmtree(old, ignore_errors=True)
    if folder.exists():
        os.rename(folder, old)
    os.rename(fresh, folder)
    shutil.rmtree(old, ignore_errors=True)


def main() -> int:
    parser = argparse.ArgumentParser(description="Fetches the published files of a month, whole and checked.")
    parser.add_argument("--month", required=True, help="YYYY-MM")
    parser.add_argument("--bank", help="only this bank: its name, or its folder's")
    parser.add_argument("--bucket", default=os.environ.get("EXTRACT_BUCKET"), help="default: EXTRACT_BUCKET")
    parser.add_argument("--prefix", default=os.environ.get("EXTRACT_PREFIX", ""), help="default: EXTRACT_PREFIX")
    parser.add_argument("--folder", default=".", type=pathlib.Path, help="where the month's folder is (default: here)")
    try:
        arguments = parser.parse_args()
    except SystemExit as stop:
        return USAGE if stop.code else 0
    try:
        if not re.fullmatch(r"\d{4}-(0[1-9]|1[0-2])", arguments.month):
            raise Stop(USAGE, f"--month: expected YYYY-MM, not {arguments.month}")
        if not arguments.bucket:
            raise Stop(USAGE, "no bucket: set EXTRACT_BUCKET or give --bucket")
        # As in the program, the slash at its end may be left out.
        prefix = arguments.prefix if arguments.prefix.endswith("/") or not arguments.prefix else arguments.prefix + "/"
        arguments.folder.mkdir(parents=True, exist_ok=True)
        print(fetch(Source(arguments.bucket, prefix), arguments.month, arguments.bank, arguments.folder))
        return 0
    except Stop as stop:
        print(f"fetch_month: {stop}", file=sys.stderr)
        return stop.code
    except (BotoCoreError, ClientError) as error:
        print(f"fetch_month: S3: {error}", file=sys.stderr)
        return UNAVAILABLE
    except (ValueError, KeyError) as error:
        print(f"fetch_month: the manifest or a file can't be read: {error!r}", file=sys.stderr)
        return MISMATCH


if __name__ == "__main__":
    sys.exit(main())
