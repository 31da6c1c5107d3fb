/** What a function's name says. osls names functions `<service>-<stage>-<task>`. */
export interface FunctionName {
  readonly service: string;
  /** Empty, like the task, if the name has another form. */
  readonly stage: string;
  readonly task: string;
}

export function parseFunctionName(name: string): FunctionName {
  const [, service = name, stage = "", task = ""] = /^(.*)-([^-]+)-([^-]+)$/.exec(name) ?? [];
  return { service, stage, task };
}
