/** The local AWS endpoint and clients that send the hash of the body to S3 alone, as the AWS CLI and boto3 do. */
import { Sha256 } from "@aws-crypto/sha256-js";
import { SignatureV4 } from "@smithy/signature-v4";

import { type LocalAws, startLocalAws } from "../../../local/aws/server";

let aws: LocalAws;
beforeAll(async () => (aws = await startLocalAws()));
afterAll(() => aws.close());

/** Sends a call that is signed over `signed`, without the header x-amz-content-sha256. */
async function send(service: string, headers: Record<string, string>, signed: string, sent = signed) {
  const { hostname, port, host } = new URL(aws.endpoint);
  const signer = new SignatureV4({
    ...{ service, region: aws.region, credentials: aws.credentials, sha256: Sha256, applyChecksum: false },
  });
  const request = await signer.sign({
    ...{ method: "POST", protocol: "http:", hostname, port: Number(port), path: "/" },
    ...{ headers: { host, ...headers }, body: signed },
  });
  expect(request.headers).not.toHaveProperty("x-amz-content-sha256");
  const response = await fetch(aws.endpoint, { method: "POST", headers: request.headers, body: sent });
  return { status: response.status, text: await response.text() };
}

const json = {
  "content-type": "application/x-amz-json-1.1",
  "x-amz-target": "secretsmanager.GetSecretValue",
};

it("Secrets Manager and SNS serve them", async () => {
  aws.putSecret("a", { username: "u" });
  const secret = await send("secretsmanager", json, '{"SecretId": "a"}');
  expect([secret.status, JSON.parse(secret.text)]).toMatchObject([200, { Name: "a" }]);

  const form = { "content-type": "application/x-www-form-urlencoded; charset=utf-8" };
  const topic = encodeURIComponent(aws.createTopic("t"));
  const { status } = await send("sns", form, `Action=Publish&TopicArn=${topic}&Message=hello`);
  expect([status, aws.messages.map(({ message }) => message)]).toEqual([200, ["hello"]]);
});

it("a body that isn't the signed one is refused", async () => {
  const { status, text } = await send("secretsmanager", json, '{"SecretId": "a"}', '{"SecretId": "b"}');
  expect([status, text]).toEqual([403, expect.stringContaining("SignatureDoesNotMatch")]);
});
