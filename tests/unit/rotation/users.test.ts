/** The names of two users that alternate, and what an error means where a password is changed. */
import { type CredentialsError, QueryError } from "../../../src/platform/errors";
import { explain } from "../../../src/rotation/roles";
import { isClone, otherUser } from "../../../src/rotation/users";

it("two users alternate, each the other's other", () => {
  expect(otherUser("loan_extract")).toBe("loan_extract_clone");
  expect(otherUser("loan_extract_clone")).toBe("loan_extract");
  expect([isClone("loan_extract_clone"), isClone("clone_of_x"), isClone("x_clone_2")]).toEqual([
    ...[true, false, false],
  ]);
});

it("a clone's name may have 63 bytes, as PostgreSQL keeps them, and no more", () => {
  const longest = `é${"x".repeat(55)}`;
  expect(Buffer.byteLength(otherUser(longest))).toBe(63);
  const refused = expect.objectContaining({
    name: "CredentialsError",
    message: `the user ${longest}x can't alternate with ${longest}x_clone: the name has more than 63 bytes`,
    hint: "Give the user a shorter name, or remove masterarn from the secret to rotate a single user.",
  }) as CredentialsError;
  expect(() => otherUser(`${longest}x`)).toThrow(refused);
});

describe("an error of the database", () => {
  const failed = (code: string) =>
    new QueryError("it failed", { hint: "of a statement", cause: Object.assign(new Error("no"), { code }) });

  it.each([
    ["42501", "rds.restrict_password_commands"],
    ["42501", "grant <user> to <master> with admin option"],
    ["0A000", "a rotation needs the writer"],
  ])("says what a rotation needs: %s", (code, hint) => {
    const error = failed(code);
    expect(explain(error)).toMatchObject({
      ...{ name: "QueryError", message: "it failed", cause: error.cause },
      hint: expect.stringContaining(hint) as string,
    });
  });

  it("is left as it is if a rotation has nothing to add", () => {
    const others = [failed("57014"), new QueryError("it failed", { hint: "x" }), new Error("another")];
    expect(others.map(explain)).toEqual(others);
    for (const error of others) expect(explain(error)).toBe(error);
  });
});
