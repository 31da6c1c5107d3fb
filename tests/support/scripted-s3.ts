/** A client of S3 without S3: answers by a script, and what was asked. For what no request to an endpoint shows. */
import type { S3Client } from "@aws-sdk/client-s3";

/** An answer, or an error of S3 by its name. */
export type Answer = object | Error;

export interface Asked {
  /** `PutObject`. */
  readonly operation: string;
  readonly input: Readonly<Record<string, unknown>>;
}

export class ScriptedS3 {
  readonly asked: Asked[] = [];
  readonly client: S3Client;

  /** @param answers by operation: one for each request, of which the last is repeated. */
  constructor(answers: Readonly<Record<string, readonly Answer[]>> = {}) {
    const send = (command: { readonly input: Asked["input"] }): Promise<object> => {
      const operation = command.constructor.name.replace(/Command$/, "");
      const before = this.asked.filter((each) => each.operation === operation).length;
      this.asked.push({ operation, input: command.input });
      const answer = answers[operation]?.[before] ?? answers[operation]?.at(-1) ?? {};
      return answer instanceof Error ? Promise.reject(answer) : Promise.resolve(answer);
    };
    this.client = { send } as unknown as S3Client;
  }

  /** What the requests of an operation asked for. */
  inputs(operation: string): Asked["input"][] {
    return this.asked.filter((each) => each.operation === operation).map(({ input }) => input);
  }
}

/** @param extra further properties, such as a response with headers. */
export function s3Failure(name: string, status = 400, extra: object = {}): Error {
  return Object.assign(new Error("no"), { name, $metadata: { httpStatusCode: status } }, extra);
}
