/**
 * The errors that a run can end with, each a promise to the operator: what happened (`message`), what to do
 * next (`hint`), why (`cause`), and whether the same run may succeed if it is tried again (`retry`).
 * They are thrown up to the edges (`src/extract/lambda.ts`, `cli/`) and told there, once.
 */
import type { Month } from "./month";

export interface ErrorDetails {
  /** What to do next, as an instruction. */
  readonly hint: string;
  readonly cause?: unknown;
}

/** Any failure that the program foresees. Its messages never hold a secret. */
export class ExtractError extends Error {
  override readonly name: string = "ExtractError";
  /** Whether a later run with the same input may succeed without anybody's doing. */
  readonly retry: boolean = false;
  /** The exit code of the command line: 1 a retry won't cure it, 64 wrong input or settings, 75 worth a retry. */
  readonly exitCode: number = 1;
  readonly hint: string;
  /** Of a range: the months that were done before the one that failed, and stay so. */
  monthsDone: readonly Month[] = [];

  constructor(message: string, { hint, cause }: ErrorDetails) {
    super(message, cause === undefined ? undefined : { cause });
    this.hint = hint;
  }
}

/** The settings are missing or wrong; the message names all of them. */
export class ConfigError extends ExtractError {
  override readonly name = "ConfigError";
  override readonly exitCode = 64;
}

/** The input is wrong, or asks for a month that has not ended; the message names all that is wrong. */
export class RequestError extends ExtractError {
  override readonly name = "RequestError";
  override readonly exitCode = 64;
}

/** The secret is missing or malformed, or the database refuses what it holds. */
export class CredentialsError extends ExtractError {
  override readonly name = "CredentialsError";
}

/** The database can't be reached, or the connection to it was lost. */
export class DatabaseUnavailableError extends ExtractError {
  override readonly name = "DatabaseUnavailableError";
  override readonly retry = true;
  override readonly exitCode = 75;
}

/** The database refused a statement, or what it holds can't be extracted. */
export class QueryError extends ExtractError {
  override readonly name = "QueryError";
}

/** S3 refused a request or dropped an upload; its status says whether a retry makes sense. */
export class StorageError extends ExtractError {
  override readonly name = "StorageError";
  override readonly retry: boolean;
  override readonly exitCode: 1 | 75;

  constructor(message: string, details: ErrorDetails & { readonly retry: boolean }) {
    super(message, details);
    this.retry = details.retry;
    this.exitCode = details.retry ? 75 : 1;
  }
}

/** The files' control totals differ from those of the table loans in the same snapshot. */
export class ReconciliationError extends ExtractError {
  override readonly name = "ReconciliationError";
}

/** The month is published with other bytes, and changing it was not asked for. */
export class AlreadyPublishedError extends ExtractError {
  override readonly name = "AlreadyPublishedError";
}

/** Another run of the month is under way, or published first. */
export class ConflictError extends ExtractError {
  override readonly name = "ConflictError";
  override readonly retry = true;
  override readonly exitCode = 75;
}

/** The time for the run is up; it was ended in good order. */
export class DeadlineError extends ExtractError {
  override readonly name = "DeadlineError";
  override readonly retry = true;
  override readonly exitCode = 75;
}

/** A month is not published, or what is published is not what its manifest says. */
export class VerificationError extends ExtractError {
  override readonly name = "VerificationError";
}
