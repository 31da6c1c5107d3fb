/** What Secrets Manager asks for: one step of the rotation of one version of a secret. */
import * as v from "valibot";

import { RequestError } from "../platform/errors";

/** Source: AWS Secrets Manager User Guide, "Rotation function steps". */
const rotationEvent = v.object({
  Step: v.picklist(["createSecret", "setSecret", "testSecret", "finishSecret"]),
  SecretId: v.pipe(v.string(), v.nonEmpty()),
  /** The id of the version that becomes the current one. */
  ClientRequestToken: v.pipe(v.string(), v.nonEmpty()),
});

export interface RotationStep {
  readonly step: v.InferOutput<typeof rotationEvent>["Step"];
  readonly secretId: string;
  /** The version that becomes the current one; the same for all steps of a rotation. */
  readonly versionId: string;
}

/** @throws RequestError if the event is not a step of a rotation. */
export function parseRotationStep(event: unknown): RotationStep {
  const parsed = v.safeParse(rotationEvent, event);
  if (!parsed.success) {
    throw new RequestError("this event is not a step of a rotation", {
      hint: "Let Secrets Manager invoke the function: aws secretsmanager rotate-secret --secret-id <the secret>.",
    });
  }
  const { Step, SecretId, ClientRequestToken } = parsed.output;
  return { step: Step, secretId: SecretId, versionId: ClientRequestToken };
}
