// The local Secrets Manager (JSON 1.1): secrets with versions and staging labels, enough for a rotation. It invokes no
// function: whoever calls RotateSecret takes the steps.
// Source of the behaviour: AWS Secrets Manager API Reference.
import { randomBytes, randomUUID } from "node:crypto";
import { AwsError, type Call, type Operation, type Reply, type Service } from "./exchange";
import { receiveText } from "./payload";
import { randomPassword, type PasswordRules } from "./random-password";

interface SecretVersion {
  readonly id: string;
  /** Undefined for the version that RotateSecret makes, until the rotation's first step gives it a value. */
  value: string | undefined;
  readonly created: Date;
  readonly stages: Set<string>;
}

interface Secret {
  readonly arn: string;
  readonly name: string;
  readonly versions: Map<string, SecretVersion>;
  rotationFunction?: string;
}

/** The request members that the operations below use. */
interface Input extends PasswordRules {
  readonly Name?: string;
  readonly SecretId?: string;
  readonly SecretString?: string;
  readonly ClientRequestToken?: string;
  readonly VersionId?: string;
  readonly VersionStage?: string;
  readonly VersionStages?: readonly string[];
  readonly MoveToVersionId?: string;
  readonly RemoveFromVersionId?: string;
  readonly RotationLambdaARN?: string;
}

const current = "AWSCURRENT";
const previous = "AWSPREVIOUS";
const pending = "AWSPENDING";

export class SecretsManager implements Service {
  readonly name = "secretsmanager";
  readonly #arnPrefix: string;
  readonly #secrets = new Map<string, Secret>();
  readonly #operations: Readonly<Record<string, (input: Input) => object>> = {
    CreateSecret: (input) => this.#create(input),
    DescribeSecret: (input) => describe(this.#secret(input.SecretId)),
    GetSecretValue: (input) => this.#get(input),
    PutSecretValue: (input) => this.#put(this.#secret(input.SecretId), input),
    UpdateSecretVersionStage: (input) => this.#moveStage(input),
    RotateSecret: (input) => this.#rotate(this.#secret(input.SecretId), input),
    GetRandomPassword: (input) => ({ RandomPassword: randomPassword(input) }),
  };

  constructor(region: string, account: string) {
    this.#arnPrefix = `arn:aws:secretsmanager:${region}:${account}:secret:`;
  }

  /** Creates a secret, or gives it a new current value. Returns its ARN. */
  putSecret(name: string, value: string): string {
    const secret = this.#secrets.get(name);
    if (secret === undefined) return this.#create({ Name: name, SecretString: value }).ARN;
    return this.#put(secret, { SecretString: value }).ARN;
  }

  recognise(call: Call): Operation {
    const name = call.headers["x-amz-target"]?.toString().replace("secretsmanager.", "") ?? "";
    return {
      name,
      carryOut: async () => {
        const operation = this.#operations[name];
        if (operation === undefined) throw refused("UnknownOperationException", `Not served: ${name}`);
        return json(200, operation(JSON.parse(await receiveText(call)) as Input));
      },
    };
  }

  refuse(error: AwsError): Reply {
    return json(error.status, { __type: error.code, message: error.message }, error.headers);
  }

  #create(input: Input): { ARN: string; Name: string; VersionId?: string } {
    const name = required(input.Name, "Name");
    if (this.#secrets.has(name)) {
      throw refused("ResourceExistsException", `The secret ${name} already exists.`);
    }
    // AWS appends six random characters, so that a secret that is deleted and created again gets another ARN.
    const secret = {
      arn: `${this.#arnPrefix}${name}-${randomBytes(3).toString("hex")}`,
      name,
      versions: new Map(),
    };
    this.#secrets.set(name, secret);
    return input.SecretString === undefined
      ? { ARN: secret.arn, Name: name }
      : this.#put(secret, { ...input, VersionStages: [current] });
  }

  #get({ SecretId, VersionId, VersionStage }: Input): object {
    const secret = this.#secret(SecretId);
    const stage = VersionStage ?? (VersionId === undefined ? current : undefined);
    const version =
      VersionId === undefined
        ? [...secret.versions.values()].find((one) => stage !== undefined && one.stages.has(stage))
        : secret.versions.get(VersionId);
    if (version?.value === undefined || (stage !== undefined && !version.stages.has(stage))) {
      const sought = VersionId === undefined ? `staging label: ${stage ?? ""}` : `VersionId: ${VersionId}`;
      throw refused(
        "ResourceNotFoundException",
        `Secrets Manager can't find the specified secret value for ${sought}`,
      );
    }
    return {
      ARN: secret.arn,
      Name: secret.name,
      VersionId: version.id,
      SecretString: version.value,
      VersionStages: [...version.stages],
      CreatedDate: version.created.getTime() / 1000,
    };
  }

  #put(
    secret: Secret,
    input: Input,
  ): { ARN: string; Name: string; VersionId: string; VersionStages: string[] } {
    const id = token(input);
    const value = required(input.SecretString, "SecretString");
    const repeated = secret.versions.get(id);
    if (repeated?.value !== undefined && repeated.value !== value) {
      throw refused("ResourceExistsException", "This token has another value.");
    }
    const isNew = repeated?.value === undefined;
    const version = repeated ?? emptyVersion(id);
    version.value = value;
    secret.versions.set(id, version);
    for (const stage of isNew ? (input.VersionStages ?? [current]) : []) attach(secret, stage, version);
    return { ARN: secret.arn, Name: secret.name, VersionId: id, VersionStages: [...version.stages] };
  }

  #moveStage(input: Input): object {
    const secret = this.#secret(input.SecretId);
    const stage = required(input.VersionStage, "VersionStage");
    const holder = [...secret.versions.values()].find((version) => version.stages.has(stage));
    const target =
      input.MoveToVersionId === undefined ? undefined : secret.versions.get(input.MoveToVersionId);
    if (input.MoveToVersionId !== undefined && target === undefined) {
      throw refused("ResourceNotFoundException", "Secrets Manager can't find the specified secret version.");
    }
    if (holder !== undefined && holder !== target && holder.id !== input.RemoveFromVersionId) {
      throw refused("InvalidParameterException", `RemoveFromVersionId must name ${stage}'s version.`);
    }
    if (target !== undefined) attach(secret, stage, target);
    else holder?.stages.delete(stage);
    return { ARN: secret.arn, Name: secret.name };
  }

  /** Switches the rotation on, and prepares the version that the rotation's first step fills. */
  #rotate(secret: Secret, input: Input): object {
    if (input.RotationLambdaARN !== undefined) secret.rotationFunction = input.RotationLambdaARN;
    if (secret.rotationFunction === undefined)
      throw refused(
        "InvalidRequestException",
        "No Lambda rotation function ARN is associated with this secret.",
      );
    const inProgress = [...secret.versions.values()].find(({ stages }) => stages.has(pending));
    if (inProgress !== undefined && !inProgress.stages.has(current)) {
      throw refused("InvalidRequestException", "A previous rotation isn't complete.");
    }
    const version = emptyVersion(token(input));
    secret.versions.set(version.id, version);
    attach(secret, pending, version);
    return { ARN: secret.arn, Name: secret.name, VersionId: version.id };
  }

  #secret(id: string | undefined): Secret {
    const secret = [...this.#secrets.values()].find(({ name, arn }) => id === name || id === arn);
    if (secret === undefined)
      throw refused("ResourceNotFoundException", "Secrets Manager can't find the specified secret.");
    return secret;
  }
}

/** A label is on one version at a time; the version that loses AWSCURRENT becomes AWSPREVIOUS. */
function attach(secret: Secret, stage: string, version: SecretVersion): void {
  const holder = [...secret.versions.values()].find((one) => one.stages.has(stage));
  if (holder === version) return;
  holder?.stages.delete(stage);
  version.stages.add(stage);
  if (stage === current && holder !== undefined) attach(secret, previous, holder);
}

function describe(secret: Secret): object {
  const versions = [...secret.versions.values()].filter((version) => version.stages.size > 0);
  return {
    ARN: secret.arn,
    Name: secret.name,
    ...(secret.rotationFunction !== undefined && {
      RotationEnabled: true,
      RotationLambdaARN: secret.rotationFunction,
    }),
    VersionIdsToStages: Object.fromEntries(versions.map((version) => [version.id, [...version.stages]])),
  };
}

function emptyVersion(id: string): SecretVersion {
  return { id, value: undefined, created: new Date(), stages: new Set() };
}

/** The id of the version that a request makes. */
function token({ ClientRequestToken = randomUUID() }: Input): string {
  if (ClientRequestToken.length >= 32 && ClientRequestToken.length <= 64) return ClientRequestToken;
  throw refused("InvalidParameterException", "ClientRequestToken must have 32 to 64 characters.");
}

function required(value: string | undefined, member: string): string {
  if (value === undefined) throw refused("InvalidParameterException", `${member} is missing.`);
  return value;
}

/** Every error of this service has the status 400. */
function refused(code: string, message: string): AwsError {
  return new AwsError(400, code, message);
}

function json(status: number, content: object, headers: Readonly<Record<string, string>> = {}): Reply {
  return {
    status,
    headers: { "content-type": "application/x-amz-json-1.1", ...headers },
    body: JSON.stringify(content),
  };
}
