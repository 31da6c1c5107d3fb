/** Runs that take turns, so that whatever happens to the machine happens to both sides. */

/** What one run took. */
export interface Sample {
  readonly durationMs: number;
  readonly peakMemoryBytes?: number;
}

type Contenders = Readonly<Record<string, () => Promise<Sample>>>;

type Samples<Of extends Contenders> = { [Name in keyof Of]: Awaited<ReturnType<Of[Name]>>[] };

/** Runs the contenders in turns, A B A B, after one turn each that only warms the caches and is not counted. */
export async function inTurns<Of extends Contenders>(
  runs: number,
  tell: (line: string) => void,
  contenders: Of,
): Promise<Samples<Of>> {
  const samples: Record<string, Sample[]> = {};
  for (let turn = 0; turn <= runs; turn++) {
    const told: string[] = [];
    for (const [name, contender] of Object.entries(contenders)) {
      const sample = await contender();
      told.push(`${name} ${sample.durationMs.toFixed(0)} ms`);
      if (turn > 0) (samples[name] ??= []).push(sample);
    }
    tell(`${turn === 0 ? "warm-up" : `${turn} of ${runs}`}: ${told.join(", ")}`);
  }
  return samples as Samples<Of>;
}
