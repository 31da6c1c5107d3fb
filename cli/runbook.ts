/** The sections of docs/runbook.md, to which errors refer. */
import { readFileSync } from "node:fs";
import path from "node:path";

const RUNBOOK = "docs/runbook.md";

/** The address of the section about a kind of error, relative to the project's folder; undefined if there is none. */
export function runbookSection(errorName: string): string | undefined {
  const heading = headings().find((each) => each.startsWith(`${errorName}: `));
  return heading === undefined ? undefined : `${RUNBOOK}#${anchorOf(heading)}`;
}

/** It is read only for an error, and a copy of the program without its documents still has its errors. */
function headings(): string[] {
  try {
    const text = readFileSync(path.join(__dirname, "..", RUNBOOK), "utf8");
    return [...text.matchAll(/^### (.+)$/gm)].map(([, heading = ""]) => heading);
  } catch {
    return [];
  }
}

/** A heading's anchor on GitHub. */
function anchorOf(heading: string): string {
  return heading
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N}\s_-]/gu, "")
    .replaceAll(" ", "-");
}
