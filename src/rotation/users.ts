/** The names of two users that alternate: `loan_extract` and `loan_extract_clone`. */
import { CredentialsError } from "../platform/errors";

const CLONE = "_clone";

/** PostgreSQL cuts longer names off. */
const MAX_NAME_BYTES = 63;

/** Whether the user has its rights through another one. */
export function isClone(user: string): boolean {
  return user.endsWith(CLONE);
}

/** @throws CredentialsError if a user's name is too long to have a clone. */
export function otherUser(user: string): string {
  if (isClone(user)) return user.slice(0, -CLONE.length);
  const clone = `${user}${CLONE}`;
  if (Buffer.byteLength(clone) <= MAX_NAME_BYTES) return clone;
  throw new CredentialsError(
    `the user ${user} can't alternate with ${clone}: the name has more than ${MAX_NAME_BYTES} bytes`,
    { hint: "Give the user a shorter name, or remove masterarn from the secret to rotate a single user." },
  );
}
