// The XML that several S3 operations share, in requests and responses.
import { XMLParser } from "fast-xml-parser";
import { type XmlContent } from "./exchange";
import { type Checksum } from "./payload";
import { s3Error } from "./s3-errors";

const parser = new XMLParser({ parseTagValue: false, isArray: (name) => name === "Part" });

export function parseXml(body: string, root: string): Record<string, unknown> {
  let document: unknown;
  try {
    document = parser.parse(body, true);
  } catch {
    throw s3Error("MalformedXML");
  }
  const content = (document as Record<string, unknown>)[root];
  if (typeof content !== "object" || content === null) throw s3Error("MalformedXML");
  return content as Record<string, unknown>;
}

export function textOf(value: unknown): string | undefined {
  return typeof value === "string" ? value : undefined;
}

export function checksumElement(checksum: Checksum | undefined): Record<string, XmlContent> {
  return checksum ? { [`Checksum${checksum.algorithm}`]: checksum.value } : {};
}
