/** Intake's own errors, besides those of the platform. */
import { BatchError } from "../platform/errors";

/**
 * Records of a delivery refer to rows that the database doesn't have yet, because another delivery brings them. Nothing
 * was loaded.
 */
export class WaitingError extends BatchError {
  override readonly name = "WaitingError";
  override readonly retry = true;
  override readonly exitCode = 75;
}
