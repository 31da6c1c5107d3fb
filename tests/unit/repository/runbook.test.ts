/** The runbook has a section for every error that a run can end with, and no other. */
import { readFileSync } from "node:fs";
import path from "node:path";

import * as errors from "../../../src/platform/errors";
import { machineNames, readDefinition, taskStates } from "../../support/asl";
import { readDocument } from "../../support/markdown";
import { ROOT } from "../../support/root";

/** Heading and text of the sections below a part's heading. */
function sectionsOf(part: string): { heading: string; text: string }[] {
  const [, text = ""] = readDocument("docs/runbook.md").split(`\n## ${part}\n`);
  const [until = ""] = text.split(/^## /m);
  return until
    .split(/^### /m)
    .slice(1)
    .map((section) => ({ heading: section.split("\n")[0] ?? "", text: section }));
}

const sections = sectionsOf("What an error means");
const names = Object.values(errors)
  .filter((kind) => kind !== errors.BatchError)
  .map((Kind) => new Kind("what", { hint: "Do this.", retry: false }).name);

it("the runbook has a section for every error, and no other", () => {
  expect(sections.map(({ heading }) => heading.split(":")[0]).sort()).toEqual(names.sort());
});

it.each(sections)("the runbook says what to do about $heading", ({ heading, text }) => {
  expect(heading).toMatch(/^\w+Error: \w+/);
  expect(text).toMatch(/^```(sh|sql)$/m);
});

it("the runbook has a section for every state that can fail", () => {
  const headings = sectionsOf("Executions").map(({ heading }) => heading);
  const states = machineNames.flatMap((name) => taskStates(readDefinition(name)).map((state) => state.name));
  expect(headings).toEqual(expect.arrayContaining(states.map((name) => `${name} failed`)));
});

it.each(["serverless.intake.yml", "serverless.backfill.yml", "serverless.lake.yml"])(
  "the runbook has the sections that the alarms of %s name",
  (file) => {
    const named = [
      ...readFileSync(path.join(ROOT, file), "utf8").matchAll(/See docs\/runbook\.md, "(.+?)"/g),
    ];
    expect(named).not.toEqual([]);
    const headings = sectionsOf("Executions").map(({ heading }) => heading);
    expect(headings).toEqual(expect.arrayContaining(named.map(([, heading]) => heading)));
  },
);
