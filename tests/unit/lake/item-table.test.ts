/** The table of records: what a request asks of DynamoDB, and what is said when DynamoDB does not answer it. */
import {
  type DynamoDBClient,
  GetItemCommand,
  type PutItemCommand,
  type PutItemCommandInput,
  type QueryCommand,
} from "@aws-sdk/client-dynamodb";

import { type Condition, ItemTable } from "../../../src/lake/item-table";
import { DeadlineError } from "../../../src/platform/errors";

type Answer = (command: unknown) => unknown;

/** A table whose DynamoDB answers like this. @param signals gets the signal of each request. */
function tableOf(answer: Answer, signal = new AbortController().signal, signals: unknown[] = []): ItemTable {
  const send = async (command: unknown, { abortSignal }: { abortSignal?: AbortSignal } = {}) => {
    signals.push(abortSignal);
    return Promise.resolve(answer(command));
  };
  return new ItemTable({ send } as unknown as DynamoDBClient, "records", signal);
}

/** Every kind of request, with what an error of it says was not done. */
const requests: readonly (readonly [string, (table: ItemTable) => Promise<unknown>])[] = [
  ["read the record of s", (table) => table.get("s", "p")],
  ["read the records of s", (table) => table.query("s")],
  ["record s", (table) => table.put("s", "p", {}, { if: "first" })],
];

function failure(name: string, details: object = {}): Error {
  return Object.assign(new Error("no"), { name, ...details });
}

async function failureOf(action: Promise<unknown>): Promise<unknown> {
  return action.then(
    () => undefined,
    (error: unknown) => error,
  );
}

describe("a record that is read", () => {
  it("is what was written last, by its two keys", async () => {
    const asked: unknown[] = [];
    const table = tableOf((command) => {
      expect(command).toBeInstanceOf(GetItemCommand);
      asked.push((command as GetItemCommand).input);
      return { Item: { content: { S: '{"a":1}' } } };
    });
    expect(await table.get("s", "p")).toEqual({ a: 1 });
    expect(asked).toEqual([
      { TableName: "records", Key: { subject: { S: "s" }, part: { S: "p" } }, ConsistentRead: true },
    ]);
  });

  it("is none if there is none, and null if it has no content", async () => {
    expect(await tableOf(() => ({})).get("s", "p")).toBeUndefined();
    expect(await tableOf(() => ({ Item: {} })).get("s", "p")).toBeNull();
  });
});

it("the records of a subject are those of all pages, in their order", async () => {
  const asked: unknown[] = [];
  const item = (part: string) => ({ part: { S: part }, content: { S: JSON.stringify({ of: part }) } });
  const last = { subject: { S: "s" }, part: { S: "b" } };
  const table = tableOf((command) => {
    const { input } = command as QueryCommand;
    asked.push(input);
    if (input.ExclusiveStartKey === undefined)
      return { Items: [item("a"), item("b")], LastEvaluatedKey: last };
    // A page may be empty.
    return input.ExclusiveStartKey === last
      ? { LastEvaluatedKey: { part: { S: "c" } } }
      : { Items: [item("d")] };
  });
  expect(await table.query("s")).toEqual(["a", "b", "d"].map((part) => ({ part, content: { of: part } })));
  const query = {
    TableName: "records",
    KeyConditionExpression: "subject = :subject",
    ExpressionAttributeValues: { ":subject": { S: "s" } },
    ConsistentRead: true,
  };
  expect(asked).toEqual(
    [undefined, last, { part: { S: "c" } }].map((key) => ({ ...query, ExclusiveStartKey: key })),
  );
});

describe("a record that is written", () => {
  const written = async (content: object, condition: Condition): Promise<PutItemCommandInput> => {
    let input: PutItemCommandInput | undefined;
    const table = tableOf((command) => {
      input = (command as PutItemCommand).input;
      return {};
    });
    expect(await table.put("s", "p", content, condition)).toBe(true);
    if (input === undefined) throw new Error("nothing was written");
    return input;
  };
  const ifNone = { ConditionExpression: "attribute_not_exists(subject)" };

  it("has its keys, its content, and its revision as a number of its own", async () => {
    const keys = { subject: { S: "s" }, part: { S: "p" } };
    expect(await written({ a: 1 }, { if: "first" })).toEqual({
      TableName: "records",
      Item: { ...keys, content: { S: '{"a":1}' } },
      ...ifNone,
    });
    expect((await written({ revision: 7 }, { if: "first" })).Item).toEqual({
      ...{ ...keys, content: { S: '{"revision":7}' } },
      revision: { N: "7" },
    });
  });

  it.each<[string, object, Condition, object]>([
    [
      "the first one is refused if there is one, whatever its revision",
      { revision: 7 },
      { if: "first" },
      ifNone,
    ],
    [
      "one that is not older replaces one of the same or an earlier revision",
      { revision: 7 },
      { if: "not older" },
      {
        ConditionExpression: "attribute_not_exists(subject) or revision <= :revision",
        ExpressionAttributeValues: { ":revision": { N: "7" } },
      },
    ],
    ["one without a revision replaces none", {}, { if: "not older" }, ifNone],
    [
      "one that comes after a revision replaces that one alone",
      { revision: 7 },
      { if: "after", revision: 5 },
      {
        ConditionExpression: "revision = :revision",
        ExpressionAttributeValues: { ":revision": { N: "5" } },
      },
    ],
  ])("%s", async (_, content, condition, expected) => {
    const { ConditionExpression, ExpressionAttributeValues } = await written(content, condition);
    expect({
      ConditionExpression,
      ...(ExpressionAttributeValues && { ExpressionAttributeValues }),
    }).toEqual(expected);
  });

  it("is said not to be, if its condition does not hold", async () => {
    const table = tableOf(() => {
      throw failure("ConditionalCheckFailedException", { $metadata: { httpStatusCode: 400 } });
    });
    expect(await table.put("s", "p", {}, { if: "first" })).toBe(false);
  });
});

describe.each(requests)("when DynamoDB does not %s", (doing, request) => {
  it("the error says so, with the table and DynamoDB's own words", async () => {
    const cause = failure("ValidationException", { $metadata: { httpStatusCode: 400 } });
    const table = tableOf(() => {
      throw cause;
    });
    expect(await failureOf(request(table))).toMatchObject({
      name: "StorageError",
      message: `DynamoDB did not ${doing} in records: ValidationException: no`,
      hint: "Wait a few minutes.",
      retry: false,
      cause,
    });
  });

  it("in time, the error has the deadline's words", async () => {
    const stop = new AbortController();
    const reason = new DeadlineError("the time is up", { hint: "Give it more time." });
    const signals: unknown[] = [];
    const table = tableOf(
      () => {
        stop.abort(reason);
        throw failure("AbortError");
      },
      stop.signal,
      signals,
    );
    expect(await failureOf(request(table))).toMatchObject({
      name: "DeadlineError",
      message: `the time is up; DynamoDB did not ${doing} in time`,
      hint: "Give it more time.",
      cause: reason,
    });
    expect(signals).toEqual([stop.signal]);
  });
});

const [[, get]] = requests as [(typeof requests)[number]];

it("when a run is stopped for another reason than its time, that reason is the error", async () => {
  const reason = new Error("stopped");
  const table = tableOf(() => {
    throw failure("AbortError");
  }, AbortSignal.abort(reason));
  expect(await failureOf(get(table))).toBe(reason);
});

it("what is thrown without being an error is passed on", async () => {
  const table = tableOf(() => {
    // eslint-disable-next-line @typescript-eslint/only-throw-error
    throw "thrown";
  });
  expect(await failureOf(get(table))).toBe("thrown");
});

it("credentials that are missing are a matter of the settings", async () => {
  const table = tableOf(() => {
    throw failure("CredentialsProviderError");
  });
  expect(await failureOf(get(table))).toMatchObject({ name: "ConfigError" });
});

it.each<[string, number | undefined, boolean]>([
  ["ValidationException", 400, false],
  ["ValidationException", 499, false],
  ["InternalServerError", 500, true],
  ["ServiceUnavailable", 503, true],
  ["TimeoutError", undefined, true],
  ["ThrottlingException", 400, true],
  ["ProvisionedThroughputExceededException", 400, true],
  ["RequestLimitExceeded", 400, true],
  ["TransactionInProgressException", 400, true],
])("%s with the status %s is worth a retry: %s", async (name, httpStatusCode, retry) => {
  const table = tableOf(() => {
    throw failure(name, httpStatusCode === undefined ? {} : { $metadata: { httpStatusCode } });
  });
  expect(await failureOf(get(table))).toMatchObject({ name: "StorageError", retry });
});

it.each([
  ["ResourceNotFoundException", "Check LAKE_LINEAGE_TABLE: this account and region have no table records."],
  ["AccessDeniedException", "Check that the role may use the table records."],
  ["InternalServerError", "Wait a few minutes."],
])("after %s, it is said what to do", async (name, hint) => {
  const table = tableOf(() => {
    throw failure(name, { $metadata: { httpStatusCode: 400 } });
  });
  expect(await failureOf(get(table))).toMatchObject({ hint });
});
