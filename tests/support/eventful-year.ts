/**
 * A year with everything that can happen: a missing month, two restatements, an object that was overwritten by hand, an
 * expired version, a bank without branches, and names that would run as scripts if they were not escaped.
 */
import type { World } from "./world";

/** The name of a bank from April on, with a word that is nearly as wide as a phone. */
export const HOSTILE_NAME = `<script>document.title="taken"</script> & "Söhne" ${"Überlandsparkasse".repeat(2)}`;
/** The address of all branches of the first bank. */
export const HOSTILE_ADDRESS = `<img src="http://127.0.0.1:9/x" onerror="document.title='taken'">`;

export const RANGE = { from: "2025-10", to: "2026-09" } as const;

export async function publishEventfulYear(world: World): Promise<void> {
  await world.run({ from: "2025-08", to: "2026-02" });
  await world.sql("update bank set name = $1 where idbank = 3", [HOSTILE_NAME]);
  await world.sql("update branch set address = $1 where bank_idbank = 1", [HOSTILE_ADDRESS]);
  await world.run({ from: "2026-04", to: "2026-09" });

  // The two months after each restatement are not restated, so their windows no longer match it.
  await world.sql("update loans set amount = amount + 500 where loan_date = '2026-06-10'");
  await world.run({ month: "2026-06", restate: true });
  await world.sql("update loans set amount = amount + 700 where loan_date = '2026-01-10'");
  await world.run({ month: "2026-01", restate: true });

  const { history } = await world.manifest("2026-01");
  const [expired] = history[0]?.files ?? [];
  await world.remove(expired?.key ?? "", expired?.versionId);
  await world.put("FirstNational/2026/08/FirstNational_20260831.csv", "put here by hand");
}
