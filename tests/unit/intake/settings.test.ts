/** Each step has the settings that it needs, safe by default, and an error names all that are missing or wrong. */
import {
  parseBucketSettings,
  parseByHandSettings,
  parseCheckSettings,
  parseLoadSettings,
  parseReceiveSettings,
  parseSettleSettings,
  parseStartSettings,
} from "../../../src/intake/settings";

const landing = { LANDING_BUCKET: "landing" };
const bucket = { INTAKE_BUCKET: "intake" };
const database = { INTAKE_DB_SECRET_ID: "loader" };
const arn = (service: string, rest: string) => `arn:aws:${service}:eu-central-1:123456789012:${rest}`;
const people = arn("sns", "people");
const machines = arn("sns", "machines");
const topics = { NOTIFY_TOPIC_ARN: people, INTAKE_TOPIC_ARN: machines };

const plainBucket = (name: string) => ({ bucket: name, kmsKeyId: undefined, forcePathStyle: false });
const safeDatabase = {
  ...{ secretId: "loader", host: undefined, port: undefined, name: undefined, schema: undefined },
  ssl: "verify-full",
};

describe("the settings of intake", () => {
  it("are safe by default", () => {
    expect(parseReceiveSettings({ ...landing, ...bucket })).toEqual({
      ...{ landing: plainBucket("landing"), bucket: plainBucket("intake") },
    });
    expect(parseLoadSettings({ ...database, ...bucket })).toEqual({
      ...{ database: safeDatabase, bucket: plainBucket("intake") },
    });
    expect(parseBucketSettings(bucket)).toEqual({ bucket: plainBucket("intake") });
    expect(parseCheckSettings(database)).toEqual({ database: safeDatabase });
    expect(parseSettleSettings({ ...landing, ...bucket, ...topics })).toEqual({
      ...{ landing: plainBucket("landing"), bucket: plainBucket("intake"), topics: { people, machines } },
    });
  });

  it("are all read", () => {
    const s3 = { S3_FORCE_PATH_STYLE: "true", INTAKE_KMS_KEY_ID: "alias/x" };
    expect(parseReceiveSettings({ ...landing, ...bucket, ...s3 })).toEqual({
      landing: { ...plainBucket("landing"), forcePathStyle: true },
      bucket: { bucket: "intake", kmsKeyId: "alias/x", forcePathStyle: true },
    });
    const connection = { INTAKE_DB_HOST: "writer", DB_PORT: "6432", DB_NAME: "ods", DB_SCHEMA: "loans" };
    expect(parseCheckSettings({ ...database, ...connection, DB_SSL: "disable" }).database).toEqual({
      ...{ secretId: "loader", host: "writer", port: 6432, name: "ods", schema: "loans", ssl: "disable" },
    });
  });

  it("have no host of the extract, which may be a reader that can't be written", () => {
    expect(parseCheckSettings({ ...database, DB_HOST: "reader" }).database.host).toBeUndefined();
  });

  it("need no topics at a terminal, but use those that are there", () => {
    const byHand = (more: Record<string, string>) =>
      parseByHandSettings({ ...database, ...bucket, ...more }).topics;
    expect(byHand({})).toEqual({ people: undefined, machines: undefined });
    expect(byHand({ INTAKE_TOPIC_ARN: machines })).toEqual({ people: undefined, machines });
    expect(byHand(topics)).toEqual({ people, machines });
  });

  it.each([
    [parseReceiveSettings, "LANDING_BUCKET: missing; INTAKE_BUCKET: missing"],
    [parseLoadSettings, "INTAKE_DB_SECRET_ID: missing; INTAKE_BUCKET: missing"],
    [parseBucketSettings, "INTAKE_BUCKET: missing"],
    [parseCheckSettings, "INTAKE_DB_SECRET_ID: missing"],
    [parseByHandSettings, "INTAKE_DB_SECRET_ID: missing; INTAKE_BUCKET: missing"],
    [parseStartSettings, "INTAKE_STATE_MACHINE_ARN: missing"],
    [
      parseSettleSettings,
      "LANDING_BUCKET: missing; INTAKE_BUCKET: missing; NOTIFY_TOPIC_ARN: missing; INTAKE_TOPIC_ARN: missing",
    ],
  ])("that are missing are all named: %p", (parse, missing) => {
    expect(() => parse({})).toThrow(`wrong settings: ${missing}`);
  });

  it("that are wrong are named with what was expected", () => {
    const wrong = { ...database, ...bucket, DB_SSL: "off", S3_FORCE_PATH_STYLE: "yes" };
    expect(() => parseLoadSettings(wrong)).toThrow(
      'wrong settings: DB_SSL: expected verify-full or disable, not "off"; S3_FORCE_PATH_STYLE: expected true or false, not "yes"',
    );
  });
});

describe("the state machine", () => {
  const stateMachineArn = arn("states", "stateMachine:bank-batch-dev_intake");

  it("is named by its ARN", () => {
    expect(parseStartSettings({ INTAKE_STATE_MACHINE_ARN: stateMachineArn })).toEqual({ stateMachineArn });
  });

  it.each([
    arn("states", "execution:intake"),
    arn("lambda", "stateMachine:intake"),
    arn("states", "stateMachine:"),
    `${stateMachineArn}:1`,
    `${stateMachineArn} `,
    `x${stateMachineArn}`,
    stateMachineArn.replace("aws", ""),
    stateMachineArn.replace("aws", "a ws"),
    stateMachineArn.replace("eu-central-1", ""),
    stateMachineArn.replace("eu-central-1", "eu central"),
    stateMachineArn.replace("123456789012", ""),
    stateMachineArn.replace("123456789012", "me"),
  ])("is nothing else: %p", (wrong) => {
    expect(() => parseStartSettings({ INTAKE_STATE_MACHINE_ARN: wrong })).toThrow(
      `INTAKE_STATE_MACHINE_ARN: expected the ARN of a state machine, not ${JSON.stringify(wrong)}`,
    );
  });
});
