import { parseExtractSettings } from "../../../src/extract/settings";
import { ConfigError } from "../../../src/platform/errors";

const required = { DB_SECRET_ID: "ods", EXTRACT_BUCKET: "extracts" };

function refusal(variables: Record<string, string>): ConfigError {
  try {
    parseExtractSettings(variables);
  } catch (error) {
    if (error instanceof ConfigError) return error;
    throw error;
  }
  throw new Error("was accepted");
}

describe("the settings", () => {
  it("are safe by default", () => {
    expect(parseExtractSettings(required)).toEqual({
      database: {
        secretId: "ods",
        host: undefined,
        port: undefined,
        name: undefined,
        schema: undefined,
        ssl: "verify-full",
      },
      output: {
        bucket: { bucket: "extracts", kmsKeyId: undefined, forcePathStyle: false },
        layout: { prefix: "", folders: "plain" },
        lineEnding: "\n",
      },
    });
  });

  it("are all read", () => {
    const config = parseExtractSettings({
      ...required,
      ...{ DB_HOST: "reader.local", DB_PORT: "6432", DB_NAME: "ods", DB_SCHEMA: "loans", DB_SSL: "disable" },
      ...{
        EXTRACT_PREFIX: "a/b",
        EXTRACT_KEY_LAYOUT: "hive",
        EXTRACT_LINE_ENDING: "crlf",
        EXTRACT_KMS_KEY_ID: "alias/x",
        EXTRACT_HELD_MIB: "32",
      },
      S3_FORCE_PATH_STYLE: "true",
    });
    expect(config.database).toEqual({
      secretId: "ods",
      host: "reader.local",
      port: 6432,
      name: "ods",
      schema: "loans",
      ssl: "disable",
    });
    expect(config.output).toEqual({
      bucket: { bucket: "extracts", kmsKeyId: "alias/x", forcePathStyle: true, heldBytes: 32 * 1024 * 1024 },
      layout: { prefix: "a/b/", folders: "hive" },
      lineEnding: "\r\n",
    });
  });

  it("count as not set when they are empty", () => {
    expect(
      parseExtractSettings({ ...required, DB_HOST: "", EXTRACT_PREFIX: "" }).database.host,
    ).toBeUndefined();
    expect(refusal({ DB_SECRET_ID: "", EXTRACT_BUCKET: "extracts" }).message).toBe(
      "wrong settings: DB_SECRET_ID: missing",
    );
  });

  it.each([" loans", "loans ", "loans /", "loans\n", "loans\n/", "lo\u0000ans/", "\u00a0loans/"])(
    "have no prefix that nobody would find, such as %j",
    (prefix) => {
      expect(refusal({ ...required, EXTRACT_PREFIX: prefix }).message).toContain(
        "EXTRACT_PREFIX: expected a prefix without spaces around it",
      );
      expect(parseExtractSettings({ ...required, EXTRACT_PREFIX: "a b/c" }).output.layout.prefix).toBe(
        "a b/c/",
      );
    },
  );

  it("are refused with all mistakes at once, each with what was expected", () => {
    const error = refusal({
      ...{ EXTRACT_BUCKET: "s3://Extracts", DB_PORT: "70000", DB_SSL: "require", EXTRACT_KEY_LAYOUT: "flat" },
      ...{ EXTRACT_PREFIX: "/a", EXTRACT_LINE_ENDING: "cr", EXTRACT_HELD_MIB: "1e3" },
      ...{ S3_FORCE_PATH_STYLE: "yes" },
    });
    expect(error.message.split("; ")).toEqual([
      "wrong settings: DB_SECRET_ID: missing",
      'DB_PORT: expected a port number from 1 to 65535, not "70000"',
      'DB_SSL: expected verify-full or disable, not "require"',
      expect.stringMatching(/^EXTRACT_BUCKET: expected a bucket's name .* not "s3:\/\/Extracts"$/) as string,
      'EXTRACT_PREFIX: expected a prefix without a leading slash, such as loans/, not "/a"',
      'EXTRACT_KEY_LAYOUT: expected plain or hive, not "flat"',
      'EXTRACT_LINE_ENDING: expected lf or crlf, not "cr"',
      'EXTRACT_HELD_MIB: expected a whole number from 0 to 1024, not "1e3"',
      'S3_FORCE_PATH_STYLE: expected true or false, not "yes"',
    ]);
    expect(error.exitCode).toBe(64);
  });
});
