/** The report says who withdrew or restated a month, and why. */
import { mkdtemp, readFile, rm } from "node:fs/promises";
import os from "node:os";
import path from "node:path";

import { commandLine } from "../../support/command-line";
import { World } from "../../support/world";

let world: World;
beforeAll(async () => (world = await World.create("seeded")));
afterAll(() => world.close());

it("a withdrawn and a restated month are on the page with the person and the reason", async () => {
  await world.run({ from: "2026-08", to: "2026-09" });
  await world.sql(
    "update loans set amount = amount + 1 where loan_date between '2026-08-01' and '2026-08-31'",
  );
  await world.run({ month: "2026-08", restate: true, by: "r.person", reason: "late loans" });
  await world.withdraw({ month: "2026-09", by: "w.person", reason: "test data" });

  const directory = await mkdtemp(path.join(os.tmpdir(), "report-"));
  const file = path.join(directory, "report.html");
  const flags = ["report", "--from", "2026-08", "--to", "2026-09", "--output", file];
  expect(await commandLine(flags, world.environment)).toMatchObject({ exitCode: 0 });
  const text = (await readFile(file, "utf8")).replace(/<style.*?<\/style>/gs, "").replace(/<[^>]+>/g, "");
  await rm(directory, { recursive: true });
  for (const said of [
    "Withdrawn: September 2026, by w.person: test data",
    "September 2026, revision 2Withdrawn on",
    "by w.person. It replaced revision 1",
    "Reason: test data",
    "August 2026, revision 2Published on",
    "by r.person. It replaced revision 1",
    "Reason: late loans",
  ]) {
    expect(text).toContain(said);
  }
});
