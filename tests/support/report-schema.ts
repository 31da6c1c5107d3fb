/** Compares reports of deliveries with their JSON Schema. */
import Ajv from "ajv";
import addFormats from "ajv-formats";

import schema from "../../docs/report.schema.json";

const isReport = addFormats(new Ajv({ allErrors: true, strict: true, strictRequired: false, allowUnionTypes: true })).compile(schema);

/** What is wrong with a report, each with its place; empty if nothing is. */
export function schemaProblems(report: unknown): string[] {
  // As it is in the bucket.
  if (isReport(JSON.parse(JSON.stringify(report)))) return [];
  return (isReport.errors ?? []).map(({ instancePath, message }) => `${instancePath}: ${message ?? ""}`);
}
