/** Runs that take turns, so that disturbances of the machine affect both sides. */

/** The time and memory of one run. */
export interface Sample {
  readonly durationMs: number;
  readonly peakMemoryBytes?: number;
}

type Contenders = Readonly<Record<string, () => Promise<Sample>>>;

type Samples<Of extends Contenders> = { [Name in keyof Of]: Awaited<ReturnType<Of[Name]>>[] };

/**
 * Runs the contenders in turns, A B B A, so that none is always the first after the other. A first turn warms the caches
 * and is not counted.
 */
export async function inTurns<Of extends Contenders>(
  runs: number,
  log: (line: string) => void,
  contenders: Of,
): Promise<Samples<Of>> {
  const samples: Record<string, Sample[]> = {};
  for (let turn = 0; turn <= runs; turn++) {
    const durations: string[] = [];
    const order = Object.entries(contenders);
    for (const [name, contender] of turn % 2 === 0 ? order : order.reverse()) {
      const sample = await contender();
      durations.push(`${name} ${sample.durationMs.toFixed(0)} ms`);
      if (turn > 0) (samples[name] ??= []).push(sample);
    }
    log(`${turn === 0 ? "warm-up" : `${turn} of ${runs}`}: ${durations.join(", ")}`);
  }
  return samples as Samples<Of>;
}
