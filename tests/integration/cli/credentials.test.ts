/** The command line without credentials or region, or with wrong ones: the error names what is missing, not a retry. */
import { commandLine } from "../../support/command-line";
import { World } from "../../support/world";

let world: World;
beforeAll(async () => (world = await World.create("seeded")));
afterAll(() => world.close());

/** Without any variable, file or service from which the SDK could take credentials or a region. */
const nothing = {
  AWS_ACCESS_KEY_ID: undefined,
  AWS_SECRET_ACCESS_KEY: undefined,
  AWS_SESSION_TOKEN: undefined,
  AWS_PROFILE: undefined,
  AWS_REGION: undefined,
  AWS_DEFAULT_REGION: undefined,
  AWS_CONFIG_FILE: "/dev/null",
  AWS_SHARED_CREDENTIALS_FILE: "/dev/null",
  AWS_EC2_METADATA_DISABLED: "true",
};

describe.each([
  ["extract", "the secret", "secretsmanager", "ExpiredTokenException"],
  ["verify", "S3", "s3", "ExpiredToken"],
])("%s, which needs %s first,", (command, _what, service, code) => {
  const flags = [command, "--month", "2026-09"];

  async function complaint(environment: Record<string, string | undefined>): Promise<string> {
    const { exitCode, stdout, stderr } = await commandLine(flags, { ...world.environment, ...environment });
    expect([exitCode, stdout]).toEqual([64, ""]);
    expect(stderr).not.toContain("Then run the same command again");
    return stderr;
  }

  it.each([undefined, ""])("asks for a region if AWS_REGION is %j", async (region) => {
    const keys = { AWS_ACCESS_KEY_ID: "a", AWS_SECRET_ACCESS_KEY: "b" };
    const stderr = await complaint({ ...nothing, ...keys, AWS_REGION: region });
    expect(stderr).toContain("Error: the AWS SDK can't send requests: Region ");
    expect(stderr).toContain("Try:   Set AWS_REGION");
  });

  it("asks for credentials if there are none", async () => {
    const stderr = await complaint({ ...nothing, AWS_REGION: "us-east-1" });
    expect(stderr).toContain("Error: the AWS SDK can't send requests: Could not load credentials");
    expect(stderr).toContain("such as AWS_PROFILE");
  });

  it("asks for the right ones if AWS does not accept them", async () => {
    const stderr = await complaint({ AWS_SECRET_ACCESS_KEY: "another" });
    expect(stderr).toContain("ConfigError: AWS does not accept the credentials: The signature ");
    expect(stderr).toContain("Try:   Check the access key and its secret");
  });

  it("asks for new credentials if they have expired", async () => {
    const remove = world.aws.onRequest((event) =>
      event.service === service
        ? { respond: { status: 400, code, message: "The provided token has expired." } }
        : undefined,
    );
    const stderr = await complaint({});
    remove();
    expect(stderr).toContain(`Error: the credentials for AWS have expired: The provided token has expired.`);
    expect(stderr).toContain("Try:   Sign in again");
  });
});
