/**
 * CloudWatch's metric math, as far as the alarms in `infra-terraform` use it: numbers, series, FILL, IF and comparisons.
 * Source: Amazon CloudWatch User Guide, "Using math expressions with CloudWatch metrics".
 */

/** A value for each period, oldest first. A missing one is undefined. */
export type Series = readonly (number | undefined)[];

type Value = number | Series;

const TOKEN = /\s*([A-Za-z_]\w*|\d+(?:\.\d+)?|[<>=!]=|[()<>,])/y;

/** @throws Error if the expression uses anything else. */
export function evaluate(expression: string, metrics: Readonly<Record<string, Series>>): Series {
  const tokens = tokensOf(expression);
  const length = Math.max(...Object.values(metrics).map((series) => series.length));
  const value = comparison(tokens, metrics);
  if (tokens.length > 0) throw new Error(`unexpected ${tokens.join(" ")}`);
  return Array.from({ length }, (_, index) => at(value, index));
}

function tokensOf(expression: string): string[] {
  const tokens: string[] = [];
  TOKEN.lastIndex = 0;
  while (TOKEN.lastIndex < expression.length) {
    const position = TOKEN.lastIndex;
    const [, token] = TOKEN.exec(expression) ?? [];
    if (token === undefined) throw new Error(`not understood: ${expression.slice(position)}`);
    tokens.push(token);
  }
  return tokens;
}

const comparisons: Readonly<Record<string, (one: number, other: number) => boolean>> = {
  ">": (one, other) => one > other,
  ">=": (one, other) => one >= other,
  "<": (one, other) => one < other,
  "<=": (one, other) => one <= other,
  "==": (one, other) => one === other,
  "!=": (one, other) => one !== other,
};

function comparison(tokens: string[], metrics: Readonly<Record<string, Series>>): Value {
  const left = operand(tokens, metrics);
  const compare = comparisons[tokens[0] ?? ""];
  if (compare === undefined) return left;
  tokens.shift();
  return combine([left, operand(tokens, metrics)], ([one = 0, other = 0]) => Number(compare(one, other)));
}

function operand(tokens: string[], metrics: Readonly<Record<string, Series>>): Value {
  const token = tokens.shift() ?? "";
  if (/^\d/.test(token)) return Number(token);
  if (tokens[0] !== "(") {
    const series = metrics[token];
    if (series === undefined) throw new Error(`there is no metric ${token}`);
    return series;
  }
  const values: Value[] = [];
  let separator: string | undefined;
  do {
    tokens.shift();
    values.push(comparison(tokens, metrics));
    [separator] = tokens;
  } while (separator === ",");
  if (tokens.shift() !== ")") throw new Error(`${token} is not closed`);
  return call(token, values);
}

function call(name: string, values: readonly Value[]): Value {
  const [first, second] = values;
  if (name === "IF" && values.length === 3)
    return combine(values, ([condition, then, otherwise]) => (condition === 0 ? otherwise : then));
  if (name === "FILL" && Array.isArray(first) && typeof second === "number") return fill(first, second);
  throw new Error(`${name} of ${values.length} values is not supported`);
}

/** Fills the periods that have no value. A metric without any value has no series, so there is nothing to fill. */
function fill(series: Series, filler: number): Series {
  return series.every((value) => value === undefined) ? series : series.map((value) => value ?? filler);
}

/** Period by period. A period in which one of the values is missing has no result. */
function combine(
  values: readonly Value[],
  compute: (values: readonly number[]) => number | undefined,
): Value {
  if (values.every((value) => typeof value === "number")) return compute(values) ?? 0;
  const length = Math.max(...values.map((value) => (typeof value === "number" ? 0 : value.length)));
  return Array.from({ length }, (_, index) => {
    const current = values.map((value) => at(value, index));
    return current.some((value) => value === undefined) ? undefined : compute(current as number[]);
  });
}

function at(value: Value, index: number): number | undefined {
  return typeof value === "number" ? value : value[index];
}

export interface Alarm {
  readonly evaluationPeriods: number;
  readonly threshold: number;
  readonly missingIsBreaching: boolean;
}

/**
 * Whether an alarm "≥ threshold, in each of its periods" is in alarm after the last period. CloudWatch looks at more
 * periods than the alarm has, and replaces missing values only if the values that it finds there are too few.
 * Source: Amazon CloudWatch User Guide, "Configuring how CloudWatch alarms treat missing data".
 */
export function isInAlarm(
  { evaluationPeriods, threshold, missingIsBreaching }: Alarm,
  series: Series,
  lookBack: number,
): boolean {
  const found = series.slice(-(evaluationPeriods + lookBack)).filter((value) => value !== undefined);
  const recent = found.slice(-evaluationPeriods);
  if (recent.some((value) => value < threshold)) return false;
  return recent.length === evaluationPeriods || missingIsBreaching;
}
