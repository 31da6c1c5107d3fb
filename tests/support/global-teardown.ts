import type { Config } from "jest";

import { expectLeastPrivilege } from "./permissions";

export default async function globalTeardown({
  testPathPatterns,
  testNamePattern,
}: Config & { readonly testPathPatterns: { readonly patterns: readonly string[] } }): Promise<void> {
  await (globalThis as { stopTestServer?: () => Promise<void> }).stopTestServer?.();
  // Some of the tests make only some of the calls, which proves nothing.
  const isWhole = testPathPatterns.patterns.length === 0 && (testNamePattern ?? "") === "";
  await expectLeastPrivilege(isWhole);
}
