/**
 * Evaluates policies as IAM does for a request within one account: an explicit Deny wins, and something has to allow it.
 * Moto ignores resources and conditions, so it can't.
 * Source: IAM User Guide, "Policy evaluation logic" and "IAM JSON policy elements".
 */

type OneOrMore = string | readonly string[];

interface Statement {
  readonly Sid?: string;
  readonly Effect: "Allow" | "Deny";
  readonly Action: OneOrMore;
  readonly Resource?: OneOrMore;
  readonly NotResource?: OneOrMore;
  readonly Principal?: "*" | Readonly<Record<string, OneOrMore>>;
  readonly Condition?: Readonly<Record<string, Readonly<Record<string, OneOrMore>>>>;
}

export interface Policy {
  readonly Statement: readonly Statement[] | Statement;
}

export interface Request {
  readonly action: string;
  readonly resource: string;
  /** Condition keys and their values, such as `aws:PrincipalArn`. */
  readonly context: Readonly<Record<string, string>>;
}

/** @param policies of the principal and of the resource. A policy of the resource counts for principals that it names. */
export function isAllowed(policies: readonly Policy[], request: Request): boolean {
  const matching = policies
    .flatMap(({ Statement: statements }) => statements)
    .filter((statement) => matches(statement, request));
  return (
    matching.some(({ Effect }) => Effect === "Allow") && !matching.some(({ Effect }) => Effect === "Deny")
  );
}

function matches(statement: Statement, request: Request): boolean {
  const { Action, Resource, NotResource, Principal, Condition = {} } = statement;
  const isAmong = (patterns: OneOrMore) =>
    [patterns].flat().some((pattern) => isLike(request.resource, resolved(pattern, request)));
  return (
    [Action].flat().some((pattern) => isLike(request.action.toLowerCase(), pattern.toLowerCase())) &&
    (Resource === undefined || isAmong(Resource)) &&
    (NotResource === undefined || !isAmong(NotResource)) &&
    (Principal === undefined || isPrincipal(Principal, request)) &&
    Object.entries(Condition).every(([operator, keys]) =>
      Object.entries(keys).every(([key, values]) =>
        isMet(
          operator,
          request.context[key],
          [values].flat().map((value) => resolved(value, request)),
        ),
      ),
    )
  );
}

function isPrincipal(principal: NonNullable<Statement["Principal"]>, { context }: Request): boolean {
  if (principal === "*") return true;
  return [principal["AWS"] ?? []].flat().some((one) => one === "*" || one === context["aws:PrincipalArn"]);
}

function isMet(operator: string, actual: string | undefined, values: readonly string[]): boolean {
  const isSome = (pattern: (value: string) => boolean) => actual !== undefined && values.some(pattern);
  switch (operator) {
    case "Bool":
    case "StringEquals":
      return isSome((value) => value === actual);
    case "StringNotEquals":
      return !isSome((value) => value === actual);
    case "StringLike":
    case "ArnLike":
    case "ArnEquals":
      return isSome((value) => isLike(actual ?? "", value));
    case "ArnLikeIfExists":
      return actual === undefined || isSome((value) => isLike(actual, value));
    case "ArnNotLike":
      return !isSome((value) => isLike(actual ?? "", value));
    case "Null":
      return values.includes(String(actual === undefined));
    default:
      throw new Error(`the condition operator ${operator} is not known here`);
  }
}

/** With the variables of the policy replaced. A variable without a value matches nothing. */
function resolved(pattern: string, { context }: Request): string {
  return pattern.replaceAll(/\$\{([^}]+)\}/g, (_, key: string) => context[key] ?? "\0");
}

function isLike(text: string, pattern: string): boolean {
  const expression = pattern
    .replaceAll(/[.+^${}()|[\]\\]/g, "\\$&")
    .replaceAll("*", ".*")
    .replaceAll("?", ".");
  return new RegExp(`^${expression}$`, "s").test(text);
}
