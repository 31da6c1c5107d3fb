// The local AWS apart from S3: Secrets Manager, SNS, the record of requests, and scripted faults.
import { existsSync } from "node:fs";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Readable } from "node:stream";
import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  DeleteObjectCommand,
  HeadObjectCommand,
  PutObjectCommand,
  S3Client,
  UploadPartCommand,
} from "@aws-sdk/client-s3";
import {
  CreateSecretCommand,
  DescribeSecretCommand,
  GetSecretValueCommand,
  GetRandomPasswordCommand,
  type GetRandomPasswordCommandInput,
  ListSecretsCommand,
  RotateSecretCommand,
  PutSecretValueCommand,
  SecretsManagerClient,
  UpdateSecretVersionStageCommand,
} from "@aws-sdk/client-secrets-manager";
import { CreateTopicCommand, ListTopicsCommand, PublishCommand, SNSClient } from "@aws-sdk/client-sns";
import { startLocalAws, type Fault, type LocalAws, type RequestEvent } from "../../../local/aws/server";
import { Gate } from "../../support/gate";
import { silentLogger } from "../../support/silent-logger";

const bucket = "faulty-bucket";

let aws: LocalAws;
let s3: S3Client;

beforeEach(async () => {
  aws = await startLocalAws();
  aws.createBucket(bucket);
  s3 = new S3Client(settings());
});

afterEach(async () => {
  s3.destroy();
  await aws.close();
});

function settings(options: { of?: LocalAws; maxAttempts?: number; requestTimeout?: number } = {}) {
  const { of = aws, maxAttempts = 1, requestTimeout = 0 } = options;
  return {
    ...of.clientConfig,
    forcePathStyle: true,
    maxAttempts,
    logger: silentLogger,
    requestHandler: { requestTimeout, throwOnRequestTimeout: requestTimeout > 0 },
  };
}

const put = (Key: string, Body: string | Buffer = "x", client = s3) =>
  client.send(new PutObjectCommand({ Bucket: bucket, Key, Body }));

const exists = (Key: string) =>
  s3.send(new HeadObjectCommand({ Bucket: bucket, Key })).then(
    () => true,
    () => false,
  );

function expectRefused(operation: Promise<unknown>, status: number, name: string): Promise<void> {
  return expect(operation).rejects.toMatchObject({ name, $metadata: { httpStatusCode: status } });
}

describe("the server", () => {
  it("serves clients that are configured only by environment variables", async () => {
    const before = { ...process.env };
    Object.assign(process.env, aws.environment);
    const secretsManager = new SecretsManagerClient({});
    const sns = new SNSClient({});
    const fromEnvironment = new S3Client({ forcePathStyle: process.env["S3_FORCE_PATH_STYLE"] === "true" });
    try {
      aws.putSecret("db", { user: "u" });
      await put("k", "x", fromEnvironment);
      await secretsManager.send(new GetSecretValueCommand({ SecretId: "db" }));
      await sns.send(new PublishCommand({ TopicArn: aws.createTopic("t"), Message: "m" }));
    } finally {
      process.env = before;
    }
    expect(aws.requests.map(({ service, operation, status }) => [service, operation, status])).toEqual([
      ["s3", "PutObject", 200],
      ["secretsmanager", "GetSecretValue", 200],
      ["sns", "Publish", 200],
    ]);
  });

  it("runs beside another in the same process, for clients with explicit configuration", async () => {
    const other = await startLocalAws();
    try {
      other.createBucket(bucket);
      const ofOther = new S3Client(settings({ of: other }));
      aws.putSecret("db", "here");
      other.putSecret("db", "there");
      const secrets = [aws, other].map(async (of) => {
        const client = new SecretsManagerClient(of.clientConfig);
        return (await client.send(new GetSecretValueCommand({ SecretId: "db" }))).SecretString;
      });
      expect(await Promise.all(secrets)).toEqual(["here", "there"]);
      await put("k", "x", ofOther);
      expect(await exists("k")).toBe(false);
      ofOther.destroy();
    } finally {
      await other.close();
    }
  });

  it("records requests with bucket, key, query and status, even if it refuses them", async () => {
    await put("a/b");
    await expect(
      s3.send(new DeleteObjectCommand({ Bucket: "none", Key: "k", VersionId: "v" })),
    ).rejects.toThrow();
    expect(aws.requests).toMatchObject([
      { service: "s3", operation: "PutObject", bucket, key: "a/b", status: 200 },
      { operation: "DeleteObject", bucket: "none", key: "k", query: { versionId: "v" }, status: 404 },
    ]);
  });

  it("has new credentials at each start", async () => {
    const other = await startLocalAws();
    await other.close();
    expect(other.credentials.accessKeyId).not.toBe(aws.credentials.accessKeyId);
    expect(other.credentials.secretAccessKey).not.toBe(aws.credentials.secretAccessKey);
  });

  it("keeps the bodies of objects in the given directory, and deletes those that nothing refers to", async () => {
    const directory = await mkdtemp(join(tmpdir(), "local-aws-test-"));
    const other = await startLocalAws({ directory });
    try {
      other.createBucket(bucket);
      const client = new S3Client(settings({ of: other }));
      await put("kept", "x", client);
      await put("kept", "y", client);
      await expect(
        client.send(
          new PutObjectCommand({ Bucket: bucket, Key: "no", Body: "z", ChecksumCRC32: "AAAAAA==" }),
        ),
      ).rejects.toThrow();
      const target = { Bucket: bucket, Key: "parts" };
      const ids: (string | undefined)[] = [];
      for (let index = 0; index < 2; index++) {
        ids.push((await client.send(new CreateMultipartUploadCommand(target))).UploadId);
      }
      const [UploadId, aborted] = ids;
      const putPart = (PartNumber: number, upload = UploadId) =>
        client.send(new UploadPartCommand({ ...target, UploadId: upload, PartNumber, Body: "x" }));
      await putPart(1, aborted);
      await client.send(new AbortMultipartUploadCommand({ ...target, UploadId: aborted }));
      await putPart(2);
      await putPart(1);
      const { ETag } = await putPart(1);
      const MultipartUpload = { Parts: [{ PartNumber: 1, ETag }] };
      await client.send(new CompleteMultipartUploadCommand({ ...target, UploadId, MultipartUpload }));
      await until(async () => (await readdir(directory)).length === 2);
      client.destroy();
      await other.close();
      expect(existsSync(directory)).toBe(true);
    } finally {
      await rm(directory, { recursive: true });
    }
  });

  it("deletes what it received from a client that disconnected", async () => {
    const directory = await mkdtemp(join(tmpdir(), "local-aws-test-"));
    const other = await startLocalAws({ directory });
    try {
      other.createBucket(bucket);
      const client = new S3Client(settings({ of: other }));
      const leaving = new AbortController();
      const source = async function* () {
        yield Buffer.from("half");
        await until(async () => (await readdir(directory)).length === 1);
        leaving.abort();
        await new Promise<never>(() => undefined);
      };
      const command = new PutObjectCommand({
        Bucket: bucket,
        Key: "k",
        Body: Readable.from(source()),
        ContentLength: 8,
      });
      await expect(client.send(command, { abortSignal: leaving.signal })).rejects.toThrow("aborted");
      await until(async () => (await readdir(directory)).length === 0);
      await put("another", "x", client);
      expect(other.requests[0]).not.toHaveProperty("status");
      client.destroy();
    } finally {
      await other.close();
      await rm(directory, { recursive: true });
    }
  });

  it("closes while connections are open, and deletes its temporary directory", async () => {
    const ownDirectories = async () =>
      (await readdir(tmpdir())).filter((name) => /^bank-batch-aws-\w{6}$/.test(name));
    const before = await ownDirectories();
    const other = await startLocalAws();
    const [own] = (await ownDirectories()).filter((name) => !before.includes(name));
    const client = new S3Client(settings({ of: other }));
    other.createBucket(bucket);
    other.onRequest(() => ({ hang: true }));
    const outcome = put("k", "x", client).catch((error: unknown) => error);
    await until(() => other.requests.length === 1);
    await other.close();
    expect(await outcome).toBeInstanceOf(Error);
    expect(own).toBeDefined();
    expect(existsSync(join(tmpdir(), own ?? ""))).toBe(false);
  });
});

describe("scripted faults", () => {
  const script = (fault: Fault, when: (event: RequestEvent) => boolean = () => true) =>
    aws.onRequest((event) => (when(event) ? fault : undefined));

  it("see the target of each request, and end when they are removed", async () => {
    const events: RequestEvent[] = [];
    const remove = aws.onRequest((event) => {
      events.push(event);
      return undefined;
    });
    const { UploadId } = await s3.send(new CreateMultipartUploadCommand({ Bucket: bucket, Key: "k" }));
    await s3.send(new UploadPartCommand({ Bucket: bucket, Key: "k", UploadId, PartNumber: 7, Body: "x" }));
    remove();
    await put("unseen");
    expect(events).toEqual([
      { service: "s3", operation: "CreateMultipartUpload", bucket, key: "k", attempt: 1 },
      {
        service: "s3",
        operation: "UploadPart",
        bucket,
        key: "k",
        uploadId: UploadId,
        partNumber: 7,
        attempt: 1,
      },
    ]);
  });

  it("respond with an error, which the SDK retries", async () => {
    script(
      { respond: { status: 503, code: "SlowDown", message: "Please reduce" } },
      ({ attempt }) => attempt === 1,
    );
    const { $metadata } = await put("retried", "x", new S3Client(settings({ maxAttempts: 2 })));
    expect($metadata.attempts).toBe(2);
    expect(aws.requests.map(({ status }) => status)).toEqual([503, 200]);
  });

  it("respond with an error in the format of each service, without carrying out the request", async () => {
    script({
      respond: { status: 403, code: "NoWay", message: "Not today", headers: { "x-amz-why": "test" } },
    });
    const topicArn = aws.createTopic("t");
    aws.putSecret("db", "s");
    await expectRefused(put("k"), 403, "NoWay");
    await expectRefused(put("k", Buffer.alloc(3_000_000)), 403, "NoWay");
    const publish = new PublishCommand({ TopicArn: topicArn, Message: "m" });
    await expectRefused(new SNSClient(settings()).send(publish), 403, "NoWay");
    const get = new GetSecretValueCommand({ SecretId: "db" });
    await expectRefused(new SecretsManagerClient(settings()).send(get), 403, "NoWay");
    expect(aws.messages).toEqual([]);
  });

  it.each([
    ["headers", false],
    ["body", false],
    ["handled", true],
  ] as const)("reset the connection (after: %s), and the object is written: %p", async (after, written) => {
    const remove = script({ reset: true, after });
    await expect(put("reset")).rejects.toThrow("ECONNRESET");
    remove();
    expect(await exists("reset")).toBe(written);
    expect(aws.requests[0]).not.toHaveProperty("status");
  });

  it("lose a response: the SDK retries, and a conditional write then finds its own object", async () => {
    const remove = script({ reset: true, after: "handled" }, ({ attempt }) => attempt === 1);
    const persistent = new S3Client(settings({ maxAttempts: 2 }));
    expect((await put("lost", "x", persistent)).$metadata.attempts).toBe(2);
    const create = new PutObjectCommand({ Bucket: bucket, Key: "created", Body: "x", IfNoneMatch: "*" });
    await expectRefused(persistent.send(create), 412, "PreconditionFailed");
    remove();
    expect(await exists("created")).toBe(true);
  });

  it("leave a request without a response", async () => {
    const remove = script({ hang: true });
    const patient = new S3Client(settings({ requestTimeout: 200 }));
    await expect(put("hung", "x", patient)).rejects.toMatchObject({ name: "TimeoutError" });
    remove();
    expect(await exists("hung")).toBe(false);
  });

  it("delay a request", async () => {
    script({ delayMs: 150 });
    const start = performance.now();
    await put("late");
    expect(performance.now() - start).toBeGreaterThanOrEqual(149);
  });

  it("hold a request until a gate opens", async () => {
    const gate = new Gate();
    const remove = aws.onRequest(() => gate.hold());
    const held = put("held");
    await gate.reached;
    remove();
    expect(await exists("held")).toBe(false);
    gate.open();
    await held;
    expect(await exists("held")).toBe(true);
  });

  it("fail a completion with status 200, which the SDK treats as an error", async () => {
    const target = { Bucket: bucket, Key: "late-error" };
    const { UploadId } = await s3.send(new CreateMultipartUploadCommand(target));
    const part = new UploadPartCommand({ ...target, UploadId, PartNumber: 1, Body: "x" });
    const { ETag } = await s3.send(part);
    const remove = script({ respond200Error: { code: "InternalError", message: "Please try again" } });
    const completion = new CompleteMultipartUploadCommand({
      ...target,
      UploadId,
      MultipartUpload: { Parts: [{ PartNumber: 1, ETag }] },
    });
    await expect(s3.send(completion)).rejects.toMatchObject({ name: "InternalError" });
    expect(aws.requests.at(-1)).toMatchObject({ operation: "CompleteMultipartUpload", status: 200 });
    remove();
    expect(await exists("late-error")).toBe(false);
    await s3.send(completion);
    expect(await exists("late-error")).toBe(true);
  });

  it("come from the first hook that returns one", async () => {
    script({ respond: { status: 400, code: "First", message: "" } });
    script({ respond: { status: 400, code: "Second", message: "" } });
    await expectRefused(put("k"), 400, "First");
  });
});

describe("Secrets Manager", () => {
  let client: SecretsManagerClient;

  beforeEach(() => (client = new SecretsManagerClient(settings())));
  afterEach(() => {
    client.destroy();
  });

  const get = (more: { SecretId?: string; VersionStage?: string; VersionId?: string } = {}) =>
    client.send(new GetSecretValueCommand({ SecretId: "db", ...more }));

  it("finds a secret by name and by ARN", async () => {
    const arn = aws.putSecret("db", { password: "p" });
    expect(await get()).toMatchObject({
      ARN: arn,
      Name: "db",
      SecretString: '{"password":"p"}',
      VersionStages: ["AWSCURRENT"],
    });
    expect((await get({ SecretId: arn })).SecretString).toBe('{"password":"p"}');
    await expectRefused(get({ SecretId: "none" }), 400, "ResourceNotFoundException");
    await expectRefused(get({ VersionStage: "AWSPENDING" }), 400, "ResourceNotFoundException");
    await expectRefused(get({ VersionId: "none" }), 400, "ResourceNotFoundException");
  });

  it("keeps the previous value as AWSPREVIOUS", async () => {
    aws.putSecret("db", "1");
    aws.putSecret("db", "2");
    aws.putSecret("db", "3");
    expect((await get()).SecretString).toBe("3");
    expect((await get({ VersionStage: "AWSPREVIOUS" })).SecretString).toBe("2");
  });

  it("simulates a rotation: pending first, then current in one step", async () => {
    const created = await client.send(new CreateSecretCommand({ Name: "db", SecretString: "old" }));
    const token = "00000000-0000-4000-8000-000000000001";
    const pending = new PutSecretValueCommand({
      SecretId: "db",
      SecretString: "new",
      ClientRequestToken: token,
      VersionStages: ["AWSPENDING"],
    });
    await client.send(pending);
    await client.send(pending);
    expect((await get()).SecretString).toBe("old");
    expect((await get({ VersionStage: "AWSPENDING" })).SecretString).toBe("new");

    const promote = { SecretId: "db", VersionStage: "AWSCURRENT", MoveToVersionId: token };
    await expectRefused(
      client.send(new UpdateSecretVersionStageCommand(promote)),
      400,
      "InvalidParameterException",
    );
    await client.send(
      new UpdateSecretVersionStageCommand({ ...promote, RemoveFromVersionId: created.VersionId }),
    );
    const release = { SecretId: "db", VersionStage: "AWSPENDING", RemoveFromVersionId: token };
    await client.send(new UpdateSecretVersionStageCommand(release));
    const { VersionIdsToStages } = await client.send(new DescribeSecretCommand({ SecretId: "db" }));
    expect(VersionIdsToStages).toEqual({
      [token]: ["AWSCURRENT"],
      [created.VersionId ?? ""]: ["AWSPREVIOUS"],
    });
    expect((await get()).SecretString).toBe("new");
    expect((await get({ VersionId: created.VersionId ?? "" })).SecretString).toBe("old");

    const rollBack = { ...promote, MoveToVersionId: created.VersionId, RemoveFromVersionId: token };
    await client.send(new UpdateSecretVersionStageCommand(rollBack));
    expect(await get()).toMatchObject({ SecretString: "old", VersionStages: ["AWSCURRENT"] });
    expect(await get({ VersionId: token })).toMatchObject({ VersionStages: ["AWSPREVIOUS"] });
  });

  it("prepares an empty version for a rotation, which the first step fills, and refuses a second rotation meanwhile", async () => {
    const created = await client.send(new CreateSecretCommand({ Name: "db", SecretString: "old" }));
    const token = "00000000-0000-4000-8000-000000000002";
    const start = { SecretId: "db", ClientRequestToken: token };
    await expectRefused(client.send(new RotateSecretCommand(start)), 400, "InvalidRequestException");
    const describe = () => client.send(new DescribeSecretCommand({ SecretId: "db" }));
    expect((await describe()).RotationEnabled).toBeUndefined();
    const RotationLambdaARN = "arn:aws:lambda:us-east-1:000000000000:function:rotate";
    const { VersionId } = await client.send(new RotateSecretCommand({ ...start, RotationLambdaARN }));
    expect(VersionId).toBe(token);
    expect(await describe()).toMatchObject({
      ...{ RotationEnabled: true, RotationLambdaARN },
      VersionIdsToStages: { [created.VersionId ?? ""]: ["AWSCURRENT"], [token]: ["AWSPENDING"] },
    });
    const pending = { SecretId: "db", VersionId: token, VersionStage: "AWSPENDING" };
    await expectRefused(get(pending), 400, "ResourceNotFoundException");
    const other = { ...start, ClientRequestToken: "00000000-0000-4000-8000-000000000003" };
    await expectRefused(client.send(new RotateSecretCommand(other)), 400, "InvalidRequestException");

    const put = (SecretString: string) =>
      client.send(new PutSecretValueCommand({ ...start, SecretString, VersionStages: ["AWSPENDING"] }));
    await put("new");
    expect((await get(pending)).SecretString).toBe("new");
    await expectRefused(put("newer"), 400, "ResourceExistsException");
    const short = { SecretId: "db", SecretString: "s", ClientRequestToken: "short" };
    await expectRefused(client.send(new PutSecretValueCommand(short)), 400, "InvalidParameterException");
  });

  it("generates passwords by the rules that are asked for", async () => {
    const generate = async (rules: GetRandomPasswordCommandInput) =>
      (await client.send(new GetRandomPasswordCommand(rules))).RandomPassword ?? "";
    expect(await generate({})).toHaveLength(32);
    for (let attempt = 0; attempt < 20; attempt++) {
      const password = await generate({
        PasswordLength: 4,
        ExcludePunctuation: true,
        ExcludeCharacters: "a",
      });
      expect(password).toMatch(/^[b-zA-Z0-9]{4}$/);
      for (const type of [/[b-z]/, /[A-Z]/, /\d/]) expect(password).toMatch(type);
    }
    expect(
      await generate({ ExcludeLowercase: true, ExcludeUppercase: true, ExcludePunctuation: true }),
    ).toMatch(/^\d{32}$/);
    await expectRefused(generate({ PasswordLength: 3 }), 400, "InvalidParameterException");
    await expectRefused(generate({ PasswordLength: 4097 }), 400, "InvalidParameterException");
  });

  it("refuses a second secret with the same name, and operations that it doesn't support", async () => {
    aws.putSecret("db", "1");
    const again = client.send(new CreateSecretCommand({ Name: "db", SecretString: "2" }));
    await expectRefused(again, 400, "ResourceExistsException");
    await expectRefused(client.send(new ListSecretsCommand({})), 400, "UnknownOperationException");
  });

  it("refuses a wrong secret key", async () => {
    aws.putSecret("db", "1");
    const credentials = { ...aws.credentials, secretAccessKey: "wrong" };
    client = new SecretsManagerClient({ ...settings(), credentials });
    await expectRefused(get(), 403, "SignatureDoesNotMatch");
  });
});

describe("SNS", () => {
  let client: SNSClient;

  beforeEach(() => (client = new SNSClient(settings())));
  afterEach(() => {
    client.destroy();
  });

  const publish = (message: { TopicArn?: string; Subject?: string; Message?: string }) =>
    client.send(new PublishCommand({ TopicArn: aws.createTopic("t"), Message: "m", ...message }));

  it("records published messages", async () => {
    const { TopicArn } = await client.send(new CreateTopicCommand({ Name: "t" }));
    expect(TopicArn).toBe(aws.createTopic("t"));
    const message = 'a & b <c> "ü"\n';
    const MessageAttributes = {
      month: { DataType: "String", StringValue: "2026-09" },
      rows: { DataType: "Number", StringValue: "12" },
    };
    const command = new PublishCommand({
      TopicArn,
      Subject: "Failed: 2026-09",
      Message: message,
      MessageAttributes,
    });
    expect((await client.send(command)).MessageId).toBeDefined();
    await publish({});
    expect(aws.messages).toEqual([
      {
        topicArn: TopicArn,
        subject: "Failed: 2026-09",
        message,
        attributes: { month: "2026-09", rows: "12" },
      },
      { topicArn: TopicArn, message: "m", attributes: {} },
    ]);
  });

  it("refuses messages that SNS would refuse", async () => {
    await expectRefused(publish({ TopicArn: `${aws.createTopic("t")}-other` }), 404, "NotFoundException");
    await expectRefused(publish({ Subject: "x".repeat(101) }), 400, "InvalidParameterException");
    await expectRefused(publish({ Subject: "two\nlines" }), 400, "InvalidParameterException");
    await expectRefused(publish({ Subject: "für" }), 400, "InvalidParameterException");
    await expectRefused(publish({ Message: "" }), 400, "InvalidParameterException");
    await expectRefused(publish({ Message: "x".repeat(256 * 1024 + 1) }), 400, "InvalidParameterException");
    await expectRefused(client.send(new ListTopicsCommand({})), 501, "NotImplemented");
    expect(aws.messages).toEqual([]);
  });

  it("refuses a wrong secret key", async () => {
    const credentials = { ...aws.credentials, secretAccessKey: "wrong" };
    client = new SNSClient({ ...settings(), credentials });
    await expectRefused(publish({}), 403, "SignatureDoesNotMatch");
  });
});

async function until(condition: () => boolean | Promise<boolean>): Promise<void> {
  while (!(await condition())) await new Promise((resolve) => setTimeout(resolve, 5));
}
