/** The tenants: which bank has a lake, and which datasets are in it. `tenants.json` is the one list of them. */
import { readFileSync } from "node:fs";

import * as v from "valibot";

import { ConfigError } from "../platform/errors";
import { findFile } from "../platform/statement";

const words = v.pipe(v.string("expected a text"), v.nonEmpty("expected a text that is not empty"));

const tenant = v.strictObject({
  /** A part of the bucket's name, which has at most 63 characters. */
  id: v.pipe(
    v.string("expected a text"),
    v.regex(
      /^[a-z0-9]+(-[a-z0-9]+)*$/,
      "expected lower-case letters and digits, with single hyphens between them",
    ),
    v.maxLength(24, "expected at most 24 characters"),
  ),
  bankId: v.pipe(
    v.number("expected a number"),
    v.integer("expected a whole number"),
    v.minValue(0, "expected a bank's id"),
  ),
  name: words,
  datasets: v.pipe(
    v.array(words, "expected a list of datasets"),
    v.check((names) => areDistinct(names), "names a dataset twice"),
  ),
});

const tenants = v.pipe(
  v.array(tenant, "expected a list of tenants"),
  v.check((all) => areDistinct(all.map(({ id }) => id)), "two tenants have the same id"),
  v.check((all) => areDistinct(all.map(({ bankId }) => bankId)), "two tenants have the same bankId"),
);

export type Tenant = Readonly<v.InferOutput<typeof tenant>>;

function areDistinct(values: readonly (string | number)[]): boolean {
  return new Set(values).size === values.length;
}

/**
 * @param file undefined for the `tenants.json` of the package.
 * @throws ConfigError that names everything that is wrong with the list.
 */
export function readTenants(file: string | undefined): readonly Tenant[] {
  const source = file ?? findFile("tenants.json");
  let content: unknown;
  try {
    content = JSON.parse(readFileSync(source, "utf8"));
  } catch (cause) {
    throw wrong(source, [(cause as Error).message], cause);
  }
  const parsed = v.safeParse(tenants, content);
  if (parsed.success) return parsed.output;
  throw wrong(
    source,
    parsed.issues.map((issue) => {
      const path = v.getDotPath(issue);
      return path === null ? issue.message : `${path}: ${issue.message}`;
    }),
  );
}

function wrong(file: string, problems: readonly string[], cause?: unknown): ConfigError {
  return new ConfigError(`wrong list of tenants ${file}: ${problems.join("; ")}`, {
    hint: "Correct the list; docs/tenants.schema.json describes it.",
    cause,
  });
}
