/**
 * Random sequences of deliveries, compared step by step with a second implementation. INTAKE_SEQUENCES says how many;
 * `npm run test:races` tries more.
 */
import * as fc from "fast-check";

import { feeds } from "../../../src/intake/feeds";
import type { DeliveryResult } from "../../../src/intake/result";
import { IntakeWorld } from "../../support/intake-world";
import { judge, type Judgement, type Sent } from "../../support/intake-oracle";
import { anySent, readTables, send, start, tablesOf } from "../../support/intake-sequences";

const SEQUENCES = Number(process.env["INTAKE_SEQUENCES"] ?? 12);
const DELIVERIES = 14;

let intake: IntakeWorld;
beforeAll(async () => (intake = await IntakeWorld.create()));
afterAll(() => intake.close());

/** A new delivery, or one of those before again. */
const steps = fc.array(fc.oneof({ weight: 5, arbitrary: anySent }, { weight: 1, arbitrary: fc.nat(100) }), {
  ...{ minLength: 1, maxLength: DELIVERIES },
});

function expectSame(result: DeliveryResult, expected: Judgement, records: number): void {
  const { outcome, rejectedLines, counts } = expected;
  expect(result.outcome).toBe(outcome);
  const rejected = rejectedLines.length;
  const lines = result.rejects.map(({ line }) => line);
  expect(outcome === "unchanged" ? [] : lines).toEqual(rejectedLines);
  expect(outcome === "loaded" ? result.counts : undefined).toEqual(
    counts && { ...counts, records, rejected },
  );
}

it("after any sequence of deliveries, outcomes and tables are those of a second implementation", async () => {
  const outcomes: Record<string, number> = {};
  const property = fc.asyncProperty(steps, fc.nat(2), async (sequence, tolerated) => {
    await intake.reset();
    const tolerant = feeds.map((feed) => ({ ...feed, maxRejectedRecords: tolerated }));
    await intake.connected(async (connection) => {
      let ods = start;
      const sentBefore: Sent[] = [];
      const loaded: Sent[] = [];
      for (const step of sequence) {
        const sent = typeof step === "number" ? sentBefore[step % Math.max(1, sentBefore.length)] : step;
        if (sent === undefined) continue;
        sentBefore.push(sent);
        const expected = judge(ods, sent, tolerated);
        const result = await send(connection, sent, tolerant);
        expectSame(result, expected, sent.details.length);
        ods = expected.ods;
        expect(await readTables(intake.world)).toEqual(tablesOf(ods));
        outcomes[result.outcome] = (outcomes[result.outcome] ?? 0) + 1;
        if (result.outcome === "loaded") loaded.push(sent);
      }
      const before = await intake.state();
      for (const sent of loaded) {
        const { outcome } = await send(connection, sent, tolerant);
        expect(outcome).toBe("unchanged");
        outcomes[outcome] = (outcomes[outcome] ?? 0) + 1;
      }
      expect(await intake.state()).toEqual(before);
    });
  });
  await fc.assert(property, { numRuns: SEQUENCES, endOnFailure: true });
  expect(Object.keys(outcomes).sort()).toEqual(["loaded", "rejected", "unchanged"]);
}, 1_200_000);
