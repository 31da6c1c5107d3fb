/** The rotation's entry point on Lambda: Secrets Manager invokes it once for each step. */
import type { Context } from "aws-lambda";

import { handle } from "../platform/lambda/handler";
import { rotate as takeStep, type RotationOutcome } from "./rotate";

/**
 * Takes one step of the rotation of the database's password.
 *
 * @throws the step's error, with what to do in its message. Secrets Manager then ends the rotation: the current version
 *   of the secret stays the current one.
 */
export function rotate(event: unknown, context: Context): Promise<RotationOutcome> {
  return handle(withoutToken(event), context, (edge) => takeStep(event, edge));
}

/** `RotationToken` lets its holder write the secret, and the event is logged. */
function withoutToken(event: unknown): unknown {
  if (typeof event !== "object" || event === null || !("RotationToken" in event)) return event;
  const { RotationToken: _, ...rest } = event;
  return rest;
}
