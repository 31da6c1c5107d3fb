/** Intake's core: a delivery is checked and loaded in one transaction, whole or not at all. */
import { Attempt } from "./attempt";
import { feeds as allFeeds } from "./feeds";
import type { LoadRequest } from "./load-request";
import type { DeliveryResult } from "./result";

export type { DeliveryContent } from "./read-file";

export type { LoadRequest } from "./load-request";

/** Ends the transaction without a commit. */
class NothingLoaded extends Error {
  constructor(readonly result: DeliveryResult) {
    super("nothing is loaded");
  }
}

/**
 * Checks a delivery and loads it. Called again with the same content, it changes nothing and returns `unchanged`, with
 * the counts and the rejected records of the first time.
 *
 * @throws WaitingError; ConflictError if another delivery changed the same rows meanwhile; ReconciliationError if the
 *   database has not what was sent; DatabaseUnavailableError, QueryError; StorageError if the content is not the
 *   expected one; what `content` throws. Nothing is loaded then.
 */
export async function checkAndLoad(request: LoadRequest): Promise<DeliveryResult> {
  const { delivery, connection, dryRun, feeds = allFeeds } = request;
  const attempt = new Attempt(request);
  const feed = feeds.find(({ name }) => name === delivery.feed);
  if (feed === undefined) {
    attempt.findings.file(
      `there is no feed ${delivery.feed}, only ${feeds.map(({ name }) => name).join(", ")}`,
    );
    return attempt.result("rejected");
  }
  try {
    return await connection.writeTransaction(async (transaction) => {
      const result = await attempt.run(transaction, feed);
      if (result.outcome !== "loaded" || dryRun) throw new NothingLoaded(result);
      return result;
    });
  } catch (error) {
    if (error instanceof NothingLoaded) return error.result;
    throw error;
  }
}
