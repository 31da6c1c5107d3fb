/** Wrong settings, wrong input and a wrong source: a clear error, what to do about it, and nothing published. */
import type { BatchError } from "../../../src/platform/errors";
import { type RunOptions, World } from "../../support/world";

describe("a run is refused", () => {
  let world: World;
  beforeEach(async () => (world = await World.create("seeded")));
  afterEach(() => world.close());

  async function failure(input: unknown, options: RunOptions = {}): Promise<BatchError> {
    const error = await world.run(input, options).then(
      () => new Error("the run succeeded"),
      (reason: unknown) => reason,
    );
    expect(await world.keys()).toEqual([]);
    expect(await world.openUploads()).toEqual([]);
    expect(await world.connections()).toBe(0);
    return error as BatchError;
  }

  const month = { month: "2026-09" };

  it("for wrong settings and input, all at once, before it connects to anything", async () => {
    const operations = await world.operationsDuring(async () => {
      const error = await failure(
        { month: "2026-13", bank: 1 },
        { environment: { EXTRACT_BUCKET: undefined, DB_PORT: "x" } },
      );
      expect(error).toMatchObject({ name: "ConfigError", exitCode: 64, retry: false });
      for (const problem of [
        "EXTRACT_BUCKET: missing",
        "DB_PORT: expected",
        "month: expected",
        "bank: unknown key",
      ]) {
        expect(error.message).toContain(problem);
      }
    });
    expect(operations.filter((operation) => !operation.startsWith("List"))).toEqual([]);
  });

  it.each(["0001-01", "0206-09"])("for the month %s, before it connects to anything", async (mistyped) => {
    const operations = await world.operationsDuring(async () => {
      const error = await failure({ month: mistyped });
      expect(error).toMatchObject({ name: "RequestError", exitCode: 64, retry: false });
      expect(error.message).toBe(`wrong input: month: expected a month from 1900-01 on, not ${mistyped}`);
    });
    expect(operations.filter((operation) => !operation.startsWith("List"))).toEqual([]);
  });

  it("for a secret that does not exist", async () => {
    const error = await failure(month, { environment: { DB_SECRET_ID: "nowhere" } });
    expect(error).toMatchObject({ name: "CredentialsError", exitCode: 1, retry: false });
    expect(error.message).toContain("the secret nowhere can't be read");
    expect(error.hint).toContain("DB_SECRET_ID");
  });

  it.each([
    ["without a password", { username: "ods" }, "password is missing"],
    ["with an empty password", { username: "ods", password: "" }, "password: is empty"],
    ["without a user", { password: "hunter-two" }, "username is missing"],
    ["that is not JSON", "hunter-two", "it is not JSON"],
    ["that is not an object", '"hunter-two"', "expected a JSON object"],
  ])("for a secret %s, and the error does not contain the secret", async (_, secret, problem) => {
    world.aws.putSecret(world.secretId, secret);
    const error = await failure(month);
    expect(error).toMatchObject({ name: "CredentialsError", exitCode: 1 });
    expect(error.message).toContain(problem);
    expect(`${error.message} ${error.hint} ${String(error.stack)} ${String(error.cause)}`).not.toContain(
      "hunter",
    );
  });

  it.each(["", 70000, -1, 0, 54.32, "5432x"])("for a secret with the port %j", async (port) => {
    world.aws.putSecret(world.secretId, { ...world.secret, port });
    const error = await failure(month);
    expect(error).toMatchObject({ name: "CredentialsError", exitCode: 1, retry: false });
    expect(error.message).toContain("port: expected a port number from 1 to 65535");
  });

  it("for a secret and settings without the database's address", async () => {
    const { username, password } = world.secret;
    world.aws.putSecret(world.secretId, { username, password });
    const error = await failure(month);
    expect(error).toMatchObject({ name: "ConfigError", exitCode: 64 });
    expect(error.message).toBe(
      "wrong settings: DB_HOST: missing, and the secret has no host; DB_NAME: missing, and the secret has no dbname",
    );
  });

  it("for a password that the database refuses", async () => {
    world.aws.putSecret(world.secretId, { ...world.secret, password: "wrong-password" });
    const error = await failure(month);
    expect(error).toMatchObject({ name: "CredentialsError", exitCode: 1 });
    expect(`${error.message} ${error.hint} ${String(error.cause)}`).not.toContain("wrong-password");
  });

  it("for a database that does not exist", async () => {
    const error = await failure(month, { environment: { DB_NAME: "nowhere" } });
    expect(error).toMatchObject({
      name: "QueryError",
      exitCode: 1,
      hint: expect.stringContaining("DB_NAME") as string,
    });
  });

  it("for a port on which no server listens", async () => {
    const error = await failure(month, { environment: { DB_PORT: "1" } });
    expect(error).toMatchObject({ name: "DatabaseUnavailableError", exitCode: 75, retry: true });
  });

  it("for a bucket that does not exist", async () => {
    const error = await failure(month, { environment: { EXTRACT_BUCKET: "no-such-bucket" } });
    expect(error).toMatchObject({ name: "StorageError", exitCode: 1, retry: false });
    expect(error.hint).toContain("have no bucket no-such-bucket");
  });

  it("for a table that is missing", async () => {
    await world.sql("alter table loans rename to lending");
    const error = await failure(month);
    expect(error).toMatchObject({ name: "QueryError", exitCode: 1 });
    expect(error.message).toContain('relation "loans" does not exist (SQLSTATE 42P01)');
    expect(error.hint).toContain("DB_SCHEMA");
  });

  it("for a table that its role may not read", async () => {
    await world.sql(`revoke select on loans from ${String(world.secret["username"])}`);
    const error = await failure(month);
    expect(error).toMatchObject({
      name: "QueryError",
      hint: expect.stringContaining("Grant the user") as string,
    });
  });

  it("for amounts that are not whole numbers", async () => {
    await world.sql("alter table loans alter column amount type numeric");
    await world.sql("update loans set amount = 1.5 where loan_date = '2026-09-15'");
    for (const extract of ["loan_moving_average", "loan_detail"]) {
      const error = await failure({ ...month, extract });
      expect(error).toMatchObject({ name: "DefinitionError", exitCode: 1, retry: false });
      expect(error.message).toContain("loan_");
    }
  });

  it("for a group without banks", async () => {
    await world.sql("truncate bank, branch, worker, client, account, loans");
    const error = await failure(month);
    expect(error).toMatchObject({ name: "QueryError", exitCode: 1 });
    expect(error.message).toContain("the table bank is empty");
  });

  it("for two banks with the same file name", async () => {
    await world.sql("update bank set name = 'first-national' where idbank = 2");
    const error = await failure(month);
    expect(error).toMatchObject({ name: "QueryError", exitCode: 1 });
    expect(error.message).toContain('"First National" (bank 1) and "first-national" (bank 2)');
  });

  it.each([
    ["FIRST national", "FirstNational and FIRSTNational differ only in case"],
    ["Fіrst Natіonal", "FirstNational and FіrstNatіonal look the same"],
    ["First\u200d National", "the same file name, FirstNational"],
  ])("for the bank %j beside First National", async (name, problem) => {
    await world.sql("update bank set name = $1 where idbank = 2", [name]);
    const error = await failure(month);
    expect(error).toMatchObject({ name: "QueryError", exitCode: 1 });
    expect(error.message).toContain(`"First National" (bank 1) and "${name}" (bank 2): ${problem}`);
  });

  it("for a bank whose name is only an emoji", async () => {
    await world.sql("update bank set name = '❤️' where idbank = 2");
    expect((await failure(month)).message).toContain('"❤️" (bank 2): no letter or digit');
  });

  it("for a bank without a name", async () => {
    await world.sql("update bank set name = null where idbank = 2");
    expect((await failure(month)).message).toContain('"" (bank 2): no letter or digit');
  });
});

describe("a run reads", () => {
  let world: World;
  beforeAll(async () => (world = await World.create("seeded")));
  afterAll(() => world.close());

  it("the schema that DB_SCHEMA names, whatever it is called", async () => {
    const schema = `The "ODS"`;
    const quoted = `"The ""ODS"""`;
    await world.sql(`create schema ${quoted}`);
    for (const table of ["bank", "branch", "client", "account", "loans"]) {
      await world.sql(`create table ${quoted}.${table} as table public.${table}`);
    }
    await world.sql(`update ${quoted}.bank set name = 'Elsewhere' where idbank = 1`);
    await world.sql(`grant usage on schema ${quoted} to ${String(world.secret["username"])}`);
    await world.sql(`grant select on all tables in schema ${quoted} to ${String(world.secret["username"])}`);
    const { months } = await world.run({ month: "2026-09" }, { environment: { DB_SCHEMA: schema } });
    expect(months[0]?.files[0]?.key).toBe("Elsewhere/2026/09/Elsewhere_20260930.csv");
  });
});
