/** The Lambdas' handlers in this process. Their calls count as those of their functions, whose roles must allow them. */
import type { Context } from "aws-lambda";

import * as backfillHandlers from "../../src/extract/backfill/lambda";
import * as extractHandlers from "../../src/extract/lambda";
import * as lakeHandlers from "../../src/lake/lambda";
import * as rotationHandlers from "../../src/rotation/lambda";
import type { Caller } from "./permissions";

type Handler<Result> = (event: unknown, context: Context) => Promise<Result>;

/** The SDK reads the name when a client sends its first request, so two functions can't run at once here. */
function as<Result>(caller: Caller, handler: Handler<Result>): Handler<Result> {
  return (event, context) => {
    process.env["AWS_SDK_UA_APP_ID"] = caller;
    return handler(event, context);
  };
}

export const extract = as("extract", extractHandlers.extract);
export const verify = as("verify", extractHandlers.verify);
export const announce = as("announce", extractHandlers.announce);
export const notify = as("notify", extractHandlers.notify);
export const plan = as("plan", backfillHandlers.plan);
export const piece = as("piece", backfillHandlers.piece);
export const report = as("report", backfillHandlers.report);
export const lake = as("lake", lakeHandlers.lake);
export const rotate = as("rotate", rotationHandlers.rotate);
