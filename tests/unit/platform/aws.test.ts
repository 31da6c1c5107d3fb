/** What failures of AWS's own clients mean, by the names and messages that the services give them. */
import { asked } from "../../../cli/executions/state-machines";
import { isMisconfigured, misconfigured, unreachableHint } from "../../../src/platform/aws";

const named = (name: string, message: string) => Object.assign(new Error(message), { name });

it.each([
  ["S3", "InvalidAccessKeyId"],
  ["S3 and SNS", "SignatureDoesNotMatch"],
  ["SNS", "InvalidClientTokenId"],
  ["Secrets Manager", "UnrecognizedClientException"],
  ["DynamoDB", "InvalidSignatureException"],
])("%s does not accept a key or its signature: %s", (_, name) => {
  const error = named(name, "no");
  expect(isMisconfigured(error)).toBe(true);
  expect(misconfigured(error)).toMatchObject({
    ...{ name: "ConfigError", message: "AWS does not accept the credentials: no", retry: false },
    hint: expect.stringContaining("AWS_SECRET_ACCESS_KEY") as string,
  });
});

it("a role without a right has credentials that are accepted", () => {
  expect(isMisconfigured(named("AccessDenied", "no"))).toBe(false);
});

describe("a service that did not answer", () => {
  const refused = named("Error", "connect ECONNREFUSED 127.0.0.1:46837");

  it("may be a local stack that was stopped, if its address is on this machine", () => {
    expect(unreachableHint(refused, "Look elsewhere.")).toContain("npx bank-batch local up");
    expect(unreachableHint(named("Error", "connect ECONNREFUSED 10.0.0.1:443"), "Look elsewhere.")).toBe(
      "Look elsewhere.",
    );
  });

  it("has not refused the request", async () => {
    await expect(asked(Promise.reject(refused))).rejects.toMatchObject({
      message: "Step Functions did not answer: Error: connect ECONNREFUSED 127.0.0.1:46837",
      hint: expect.stringContaining("local up") as string,
    });
    const denied = Object.assign(named("AccessDeniedException", "no"), {
      $metadata: { httpStatusCode: 400 },
    });
    await expect(asked(Promise.reject(denied))).rejects.toThrow("refuses the request: AccessDeniedException");
  });
});
