/**
 * An AWS account over HTTP that answers what a test scripts: the services that the doctor asks, of which the local
 * endpoint serves only a few. Answers have the form of the services' own API references.
 */
import { once } from "node:events";
import { createServer, type IncomingMessage } from "node:http";
import type { AddressInfo } from "node:net";
import { text } from "node:stream/consumers";

export interface Refusal {
  readonly refusal: string;
  readonly status: number;
}

/** XML, the content of JSON, or a refusal. */
export type Answer = string | Readonly<Record<string, unknown>> | Refusal;

/** By operation. An operation that is not scripted is refused with AccessDenied. */
export type Script = Readonly<Record<string, Answer | ((body: string, path: string) => Answer)>>;

export interface ScriptedAccount {
  readonly endpoint: string;
  script: Script;
  /** Every operation so far. */
  readonly operations: string[];
  close(): Promise<void>;
}

export const refusal = (name: string, status: number): Refusal => ({ refusal: name, status });

export async function startScriptedAccount(): Promise<ScriptedAccount> {
  const account = { endpoint: "", script: {} as Script, operations: [] as string[] };
  const server = createServer((request, response) => {
    void (async () => {
      const body = await text(request);
      const operation = operationOf(request, body);
      account.operations.push(operation);
      const scripted = account.script[operation] ?? refusal("AccessDenied", 403);
      const answer = typeof scripted === "function" ? scripted(body, request.url ?? "") : scripted;
      if (isRefusal(answer)) {
        const { refusal: code, status } = answer;
        const isXml = operation.startsWith("sns.") || operation.startsWith("s3.");
        const content = isXml
          ? `<ErrorResponse><Error><Code>${code}</Code><Message>On purpose.</Message></Error><Code>${code}</Code></ErrorResponse>`
          : JSON.stringify({ __type: code, message: "On purpose." });
        response
          .writeHead(status, { "x-amzn-errortype": code })
          .end(request.method === "HEAD" ? "" : content);
        return;
      }
      response.writeHead(200).end(typeof answer === "string" ? answer : JSON.stringify(answer));
    })();
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return Object.assign(account, {
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  });
}

function isRefusal(answer: Answer): answer is Refusal {
  return typeof answer === "object" && "refusal" in answer;
}

function operationOf({ method = "", url = "", headers }: IncomingMessage, body: string): string {
  const target = headers["x-amz-target"]?.toString();
  if (target !== undefined) return target.replace("AmazonSSM", "ssm");
  if (url.startsWith("/schedules")) return "scheduler.ListSchedules";
  if (url.includes("/account-settings")) return "lambda.GetAccountSettings";
  if (url.includes("/event-source-mappings")) return "lambda.ListEventSourceMappings";
  if (url.endsWith("/configuration")) return "lambda.GetFunctionConfiguration";
  if (url.endsWith("/concurrency")) return "lambda.GetFunctionConcurrency";
  if (body.includes("Action=")) return `sns.${new URLSearchParams(body).get("Action") ?? ""}`;
  const [, question = ""] = /[?&](versioning|encryption|notification|uploads|uploadId)/.exec(url) ?? [];
  return `s3.${method}${question === "" ? "" : ` ${question}`}`;
}
