"""One Spark session for all tests of the Glue job. It reads a run as a line of JSON and writes the result as a line.

Spark takes seconds to start, so the tests share a session. Each run calls the job's `parse_arguments` and `run`.
"""

import importlib.util
import json
import os
import sys
from datetime import datetime
from pathlib import Path
from typing import Any

import boto3
from pyspark.sql import SparkSession


def load_job(script: str) -> Any:
    """Imports the job as a module, which must work without `awsglue`."""
    spec = importlib.util.spec_from_file_location("loan_moving_average", script)
    assert spec is not None
    assert spec.loader is not None
    job = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = job
    spec.loader.exec_module(job)
    return job


def carry_out(job: Any, spark: SparkSession, call: dict[str, Any]) -> dict[str, Any]:
    now = datetime.fromisoformat(call["now"])
    try:
        _, request, settings = job.parse_arguments(call["arguments"], now)
        s3 = boto3.client("s3", **call["s3"])
        jdbc = job.jdbc_options(call["database"], settings)
        world = job.Job(settings, spark, jdbc, s3, Path(call["files"]), now=lambda: now, log=log)
        return {"summary": job.run(request, world)}
    except Exception as error:  # noqa: BLE001 -- the test checks every error
        return {"error": {"name": type(error).__name__, "message": str(error)}}


def log(line: str) -> None:
    answer({"log": line})


def answer(message: dict[str, Any]) -> None:
    os.write(answers, f"{json.dumps(message)}\n".encode())


# Redirects everything else on standard output, such as Spark's messages, to standard error.
answers = os.dup(1)
os.dup2(2, 1)

if __name__ == "__main__":
    module = load_job(sys.argv[1])
    session = SparkSession.builder.getOrCreate()
    answer({"ready": session.version})
    for line in sys.stdin:
        answer(carry_out(module, session, json.loads(line)))
    session.stop()
