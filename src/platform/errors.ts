/**
 * The errors that end a run. Each says what happened (`message`), what to do next (`hint`), why (`cause`), and whether
 * the same run may succeed later (`retry`). Only the entry points report them: a pipeline's `lambda.ts`, and `cli/`.
 */

export interface ErrorDetails {
  /** What to do next, as an instruction. It doesn't mention running again: {@link BatchError.advice} adds that. */
  readonly hint: string;
  /** The same in the words of the command line, where flags are given instead of an event. */
  readonly onTerminal?: string;
  readonly cause?: unknown;
}

/** Any failure that the program foresees. Its messages never contain a secret. */
export class BatchError extends Error {
  override readonly name: string = "BatchError";
  /** Whether a later run with the same input may succeed without any change. */
  readonly retry: boolean = false;
  /** Exit code of the command line: 1 a retry won't help, 64 wrong input or settings, 75 worth a retry. */
  readonly exitCode: number = 1;
  hint: string;
  /** The hint for a reader at a terminal. */
  hintOnTerminal: string;
  /** The parts of the work, such as months, that were finished before the failure and stay finished. */
  done: readonly string[] = [];

  constructor(message: string, { hint, onTerminal = hint, cause }: ErrorDetails) {
    super(message, cause === undefined ? undefined : { cause });
    this.hint = hint;
    this.hintOnTerminal = onTerminal;
  }

  /**
   * What to do about the error, where its reader has a log or an e-mail.
   *
   * @param rerun how to run again; added if a retry may help.
   */
  advice(rerun: string): string {
    return this.retry ? `${this.hint} ${rerun}` : this.hint;
  }

  /** Like {@link advice}, where its reader has a terminal. */
  adviceOnTerminal(rerun: string): string {
    return this.retry ? `${this.hintOnTerminal} ${rerun}` : this.hintOnTerminal;
  }
}

/** Settings are missing or wrong; the message names all of them. */
export class ConfigError extends BatchError {
  override readonly name = "ConfigError";
  override readonly exitCode = 64;
}

/** The input is wrong; the message names everything that is wrong with it. */
export class RequestError extends BatchError {
  override readonly name = "RequestError";
  override readonly exitCode = 64;
}

/** The secret is missing or malformed, or the database refuses the credentials in it. */
export class CredentialsError extends BatchError {
  override readonly name = "CredentialsError";
}

/** The database can't be reached, or the connection to it was lost. */
export class DatabaseUnavailableError extends BatchError {
  override readonly name = "DatabaseUnavailableError";
  override readonly retry = true;
  override readonly exitCode = 75;
}

/** The database refused a statement, or its content can't be processed. */
export class QueryError extends BatchError {
  override readonly name = "QueryError";
}

/** A statement's result doesn't have the columns of its definition: one of the two is wrong, not the data. */
export class DefinitionError extends BatchError {
  override readonly name = "DefinitionError";
}

/** A value doesn't fit its column. The message names row and column; it never contains the value, which may be personal. */
export class DataError extends BatchError {
  override readonly name = "DataError";
}

/** S3 refused a request or lost an upload; its status decides whether a retry makes sense. */
export class StorageError extends BatchError {
  override readonly name = "StorageError";
  override readonly retry: boolean;
  override readonly exitCode: 1 | 75;

  constructor(message: string, details: ErrorDetails & { readonly retry: boolean }) {
    super(message, details);
    this.retry = details.retry;
    this.exitCode = details.retry ? 75 : 1;
  }
}

/** The output's totals differ from the control totals of the source. */
export class ReconciliationError extends BatchError {
  override readonly name = "ReconciliationError";
}

/** What is published differs from what would be published now, and the input doesn't allow a change. */
export class AlreadyPublishedError extends BatchError {
  override readonly name = "AlreadyPublishedError";
}

/** Another run of the same work is active, or was faster. */
export class ConflictError extends BatchError {
  override readonly name = "ConflictError";
  override readonly retry = true;
  override readonly exitCode = 75;
}

/** The time limit was reached; the run stopped cleanly. */
export class DeadlineError extends BatchError {
  override readonly name = "DeadlineError";
  override readonly retry = true;
  override readonly exitCode = 75;
}

/** A publication is missing, or is not what its manifest says. */
export class VerificationError extends BatchError {
  override readonly name = "VerificationError";
}
