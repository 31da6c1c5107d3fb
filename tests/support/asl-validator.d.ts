/** The package has types, but doesn't export them. */
declare module "asl-validator" {
  interface Verdict {
    readonly isValid: boolean;
    readonly errors: readonly unknown[];
  }
  export default function validate(definition: object): Verdict;
}
