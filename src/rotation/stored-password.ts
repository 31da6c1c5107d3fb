/**
 * A password as PostgreSQL stores it, computed here, so that the password itself is in no statement and no log of the
 * server. Sources: PostgreSQL documentation, "pg_authid", `rolpassword`; RFC 5802 and RFC 7677 for SCRAM-SHA-256.
 */
import { createHash, createHmac, pbkdf2, randomBytes } from "node:crypto";
import { promisify } from "node:util";

import { CredentialsError } from "../platform/errors";

/** How a server stores passwords: its settings `password_encryption` and `scram_iterations`. */
export interface PasswordEncryption {
  readonly method: string;
  readonly iterations: number;
}

const SALT_BYTES = 16;
const KEY_BYTES = 32;

/**
 * The server's setting decides about the method, as it does for `alter role … password`: where it is `md5`, some client
 * may know no other.
 *
 * @param salt random for each password.
 * @throws CredentialsError if the password has other than printable ASCII characters, which clients and servers may
 *   normalise in different ways.
 */
export async function storedPassword(
  user: string,
  password: string,
  { method, iterations }: PasswordEncryption,
  salt = randomBytes(SALT_BYTES),
): Promise<string> {
  if (!/^[\x20-\x7e]+$/.test(password)) {
    throw new CredentialsError(`the new password of ${user} has other than printable ASCII characters`, {
      hint: "Remove the label AWSPENDING from the secret's version, then rotate again: a rotation makes its own password.",
    });
  }
  if (method === "md5") return `md5${createHash("md5").update(`${password}${user}`).digest("hex")}`;
  const salted = await promisify(pbkdf2)(password, salt, iterations, KEY_BYTES, "sha256");
  const keyed = (text: string) => createHmac("sha256", salted).update(text).digest();
  const storedKey = createHash("sha256").update(keyed("Client Key")).digest("base64");
  const serverKey = keyed("Server Key").toString("base64");
  return `SCRAM-SHA-256$${iterations}:${salt.toString("base64")}$${storedKey}:${serverKey}`;
}
