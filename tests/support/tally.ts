/** Numbers of a long proof, for the terminal of `npm run test:races`; the usual tests say nothing. */
export function tally(line: string): void {
  if (process.env["INTAKE_RACES"] !== undefined) process.stderr.write(`${line}\n`);
}
