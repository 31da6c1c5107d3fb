// Requests and replies as the local AWS services handle them, independent of node:http; the error that all services
// throw; and the XML that S3 and SNS return.
import { type IncomingHttpHeaders } from "node:http";
import { type Readable } from "node:stream";

/** A request. `path` and `search` are still percent-encoded, as signed. */
export interface Call {
  readonly method: string;
  readonly path: string;
  readonly search: string;
  readonly headers: IncomingHttpHeaders;
  /** The raw body, readable once. Reading it sends `100 Continue` to a client that waits for one. */
  body(): AsyncIterable<Buffer>;
}

export interface Reply {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  /** A stream needs a `content-length` among the headers. */
  readonly body?: string | Readable;
}

/** The operation that a request asks for, recognised before it is carried out. */
export interface Operation {
  /** The AWS API name, for example `UploadPart`. */
  readonly name: string;
  readonly bucket?: string;
  readonly key?: string;
  readonly uploadId?: string;
  readonly partNumber?: number;
  readonly carryOut: () => Reply | Promise<Reply>;
}

export interface Service {
  readonly name: "s3" | "secretsmanager" | "sns" | "states";
  recognise(call: Call): Operation | Promise<Operation>;
  /** An error response in the service's own format. */
  refuse(error: AwsError): Reply;
}

/** An error response: HTTP status, AWS error code and message. */
export class AwsError extends Error {
  constructor(
    readonly status: number,
    readonly code: string,
    message: string,
    readonly headers: Readonly<Record<string, string>> = {},
  ) {
    super(message);
  }
}

/** The text of an element; nested elements; a repeated element; or no element (undefined). */
export type XmlContent =
  string | number | boolean | undefined | { [element: string]: XmlContent } | XmlContent[];

/** An XML element without attributes. Text is escaped, and control characters become references, as in S3. */
export function xml(name: string, content: XmlContent): string {
  if (content === undefined) return "";
  if (Array.isArray(content)) return content.map((one) => xml(name, one)).join("");
  const inner =
    typeof content === "object"
      ? Object.entries(content)
          .map(([child, value]) => xml(child, value))
          .join("")
      : // eslint-disable-next-line no-control-regex -- XML must not contain these unescaped
        String(content).replace(/[&<>"\u0000-\u001f]/g, (char) => `&#${char.charCodeAt(0)};`);
  return `<${name}>${inner}</${name}>`;
}

export function xmlReply(
  name: string,
  content: XmlContent,
  headers: Readonly<Record<string, string>> = {},
): Reply {
  return {
    status: 200,
    headers: { "content-type": "application/xml", ...headers },
    body: `<?xml version="1.0" encoding="UTF-8"?>\n${xml(name, content)}`,
  };
}
