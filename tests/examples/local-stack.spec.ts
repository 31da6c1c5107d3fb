/** The local stack with other clients than the program's: the AWS CLI and boto3, with the variables that it prints. */
import { execFile } from "node:child_process";
import { promisify } from "node:util";

import { type LocalAws, startLocalAws } from "../../local/aws/server";

let aws: LocalAws;
let environment: NodeJS.ProcessEnv;
beforeAll(async () => {
  aws = await startLocalAws();
  aws.createBucket("files", { versioning: true });
  aws.putSecret("secret", { username: "u" });
  environment = { ...process.env, ...aws.environment };
});
afterAll(() => aws.close());

function run(program: string | undefined, flags: readonly string[]) {
  return promisify(execFile)(program ?? "", [...flags], { env: environment });
}

it("boto3 reads a secret, sends a message, and writes and reads objects", async () => {
  const topic = aws.createTopic("topic");
  const script = `
import boto3
print(boto3.client("secretsmanager").get_secret_value(SecretId="secret")["SecretString"])
boto3.client("sns").publish(TopicArn="${topic}", Message="from boto3")
s3 = boto3.client("s3")
s3.put_object(Bucket="files", Key="a b/é.txt", Body=b"hello")
print(s3.get_object(Bucket="files", Key="a b/é.txt")["Body"].read().decode())
`;
  const { stdout } = await run(process.env["TEST_PYTHON"], ["-c", script]);
  expect(stdout).toBe('{"username":"u"}\nhello\n');
  expect(aws.messages.map(({ message }) => message)).toEqual(["from boto3"]);
});

it("the AWS CLI reads a secret, sends a message, and lists objects", async () => {
  const topic = aws.createTopic("topic");
  const secret = await run(process.env["TEST_AWS"], [
    ...["secretsmanager", "get-secret-value", "--secret-id", "secret", "--query", "SecretString"],
    ...["--output", "text"],
  ]);
  expect(secret.stdout).toBe('{"username":"u"}\n');
  await run(process.env["TEST_AWS"], [
    ...["sns", "publish", "--topic-arn", topic, "--message", "from the CLI"],
  ]);
  expect(aws.messages.at(-1)?.message).toBe("from the CLI");
  const { stdout } = await run(process.env["TEST_AWS"], ["s3", "ls", "s3://files", "--recursive"]);
  expect(stdout).toContain("a b/é.txt");
});
