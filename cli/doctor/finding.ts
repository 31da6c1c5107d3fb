/** What the doctor found. Nothing counts as fine that it could not look at. */
import { isMisconfigured, misconfigured } from "../../src/platform/aws";
import { BatchError, ConfigError } from "../../src/platform/errors";

export interface Finding {
  /** What was looked at, such as `bucket`. */
  readonly check: string;
  readonly state: "fine" | "wrong" | "unknown";
  /** One line. */
  readonly what: string;
  /** What to do; undefined if it is fine. */
  readonly hint?: string;
}

export const fine = (check: string, what: string): Finding => ({ check, state: "fine", what });

export const wrong = (check: string, what: string, hint: string): Finding => ({
  ...{ check, state: "wrong", what, hint },
});

export const unknown = (check: string, what: string, hint: string): Finding => ({
  ...{ check, state: "unknown", what, hint },
});

/**
 * Looks, and reports an error as a thing that could not be looked at.
 *
 * @param right the IAM permission that looking takes.
 * @throws ConfigError if the SDK can't send requests at all.
 */
export async function look(
  check: string,
  right: string,
  action: () => Promise<readonly Finding[]>,
): Promise<readonly Finding[]> {
  try {
    return await action();
  } catch (error) {
    if (isMisconfigured(error)) throw misconfigured(error);
    const isForeseen = error instanceof BatchError;
    if (error instanceof ConfigError && isMisconfigured(error.cause)) throw error;
    if (isForbidden(isForeseen ? error.cause : error)) {
      const hint = `Look again with a login that has ${right}.`;
      return [unknown(check, `could not look: ${reason(error)}`, hint)];
    }
    if (isForeseen && !error.retry) return [wrong(check, error.message, error.hint)];
    const hint = isForeseen ? error.hint : "Check the network path to AWS from here, then look again.";
    return [unknown(check, `could not look: ${reason(error)}`, hint)];
  }
}

/** In one line: the SDK's message about an answer that it can't read has several. */
function reason(error: unknown): string {
  if (error instanceof BatchError) return error.message;
  const text = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
  return text.split("\n")[0] ?? "";
}

export function isForbidden(error: unknown): boolean {
  return (
    hasStatus(error, 403) || (error instanceof Error && /AccessDenied|AuthorizationError/.test(error.name))
  );
}

export function isMissing(error: unknown): boolean {
  return hasStatus(error, 404) || (error instanceof Error && /NotFound|NoSuch/.test(error.name));
}

function hasStatus(error: unknown, status: number): boolean {
  return (
    (error as { $metadata?: { httpStatusCode?: number } } | undefined)?.$metadata?.httpStatusCode === status
  );
}
