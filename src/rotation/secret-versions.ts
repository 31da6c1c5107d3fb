/** The versions of the secret that is rotated: which one is current, which one is next, and how they change. */
import {
  DescribeSecretCommand,
  GetRandomPasswordCommand,
  PutSecretValueCommand,
  type SecretsManagerClient,
  UpdateSecretVersionStageCommand,
} from "@aws-sdk/client-secrets-manager";

import { parseSecret, readSecret, secretError } from "../platform/database/secret";
import { RequestError } from "../platform/errors";
import type { RotationStep } from "./event";
import { otherUser } from "./users";

/** 62 letters and digits: 190 bits, and no character with a meaning in a URL or a shell. */
const PASSWORD_LENGTH = 32;

const refusedHere = { failed: "did not answer for", refused: "can't be rotated" };

export class SecretVersions {
  constructor(
    private readonly secretsManager: SecretsManagerClient,
    private readonly rotation: RotationStep,
    private readonly signal: AbortSignal,
  ) {}

  /**
   * The id of the current version, which is this rotation's own once it is finished.
   *
   * @throws RequestError if Secrets Manager is not rotating to this rotation's version.
   */
  async currentId(): Promise<string> {
    const { secretId, versionId } = this.rotation;
    const command = new DescribeSecretCommand({ SecretId: secretId });
    const { RotationEnabled, VersionIdsToStages = {} } = await this.secretsManager
      .send(command, { abortSignal: this.signal })
      .catch(this.#rethrow);
    const at = (stage: string) =>
      Object.entries(VersionIdsToStages).find(([, stages]) => stages.includes(stage))?.[0];
    const current = at("AWSCURRENT") ?? "";
    if (current === versionId) return current;
    const problem =
      RotationEnabled !== true
        ? "its rotation is not switched on"
        : VersionIdsToStages[versionId] === undefined
          ? `it has no version ${versionId}`
          : at("AWSPENDING") !== versionId
            ? `its version ${versionId} has not the label AWSPENDING`
            : undefined;
    if (problem === undefined) return current;
    throw new RequestError(`the secret ${secretId} can't be rotated: ${problem}`, {
      hint: "Switch the rotation on (rotation_days of infra-terraform), or start a new one: aws secretsmanager rotate-secret.",
    });
  }

  /** The text of the version before, of the current one, or of the next one; undefined if there is none. */
  read(stage: "AWSCURRENT" | "AWSPREVIOUS" | "AWSPENDING"): Promise<string | undefined> {
    const { secretId, versionId } = this.rotation;
    const version = stage === "AWSPENDING" ? { stage, id: versionId } : { stage };
    return readSecret(this.secretsManager, secretId, version, this.signal);
  }

  /**
   * Writes the next version: the current one with a new password and, if a master secret is named, the other user.
   *
   * @throws CredentialsError if the current version is malformed.
   */
  async create(): Promise<void> {
    const { secretId, versionId } = this.rotation;
    const text = (await this.read("AWSCURRENT")) ?? "";
    const { username, masterarn } = parseSecret(secretId, text);
    const next = {
      ...(JSON.parse(text) as object),
      username: masterarn === undefined ? username : otherUser(username),
      password: await this.#randomPassword(),
    };
    const command = new PutSecretValueCommand({
      SecretId: secretId,
      ClientRequestToken: versionId,
      SecretString: JSON.stringify(next),
      VersionStages: ["AWSPENDING"],
    });
    await this.secretsManager.send(command, { abortSignal: this.signal }).catch((error: unknown) => {
      // The same step, invoked twice at once: the other one has written the version.
      if (error instanceof Error && error.name === "ResourceExistsException") return;
      this.#rethrow(error);
    });
  }

  /** Makes the next version the current one; Secrets Manager labels the current one AWSPREVIOUS. */
  async finish(currentId: string): Promise<void> {
    const { secretId, versionId } = this.rotation;
    const command = new UpdateSecretVersionStageCommand({
      SecretId: secretId,
      VersionStage: "AWSCURRENT",
      MoveToVersionId: versionId,
      RemoveFromVersionId: currentId,
    });
    await this.secretsManager.send(command, { abortSignal: this.signal }).catch(this.#rethrow);
  }

  async #randomPassword(): Promise<string> {
    const command = new GetRandomPasswordCommand({
      PasswordLength: PASSWORD_LENGTH,
      ExcludePunctuation: true,
    });
    const { RandomPassword = "" } = await this.secretsManager
      .send(command, { abortSignal: this.signal })
      .catch(this.#rethrow);
    return RandomPassword;
  }

  readonly #rethrow = (cause: unknown): never => {
    throw secretError(cause, this.rotation.secretId, refusedHere);
  };
}
