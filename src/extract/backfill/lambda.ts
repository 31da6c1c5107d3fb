/** The backfill's entry points on Lambda: a task of the state machine `state-machines/backfill.asl.json` each. */
import type { Context } from "aws-lambda";
import * as v from "valibot";

import { parseFunctionName } from "../../platform/lambda/function-name";
import { handle } from "../../platform/lambda/handler";
import { report as reportStep } from "../lambda";
import { publishMessage } from "../message";
import { parseNotifySettings } from "../settings";
import { noticeOf } from "./notice";
import { type Piece, runPiece } from "./piece";
import { type BackfillPlan, planBackfill } from "./plan";
import { type BackfillSummary, summarise } from "./summary";

/** Cuts the months into pieces. @throws any error of {@link planBackfill}. */
export function plan(event: unknown, context: Context): Promise<BackfillPlan> {
  return handle(event, context, (edge) => planBackfill(event, edge)).catch(briefly);
}

/** Extracts what is left of a piece. @throws any error of {@link runPiece}. */
export function piece(event: unknown, context: Context): Promise<Piece> {
  return handle(event, context, (edge, telemetry) =>
    runPiece(
      event,
      edge,
      (step) => {
        reportStep(telemetry, step);
      },
      (error) => {
        telemetry.error("stopped after some months", error);
      },
    ),
  ).catch(briefly);
}

const ending = v.object({ execution: v.string(), state: v.unknown() });

/** Tells people what is done and what failed. */
export function report(event: unknown, context: Context): Promise<BackfillSummary> {
  return handle(event, context, async (edge, telemetry) => {
    const { execution, state } = v.parse(ending, event);
    const { notifyTopicArn } = parseNotifySettings(edge.environment);
    const summary = summarise(state, edge.now());
    const { stage } = parseFunctionName(context.functionName);
    const { subject, message } = noticeOf(summary, { stage, execution });
    await publishMessage(edge, notifyTopicArn, subject, message);
    telemetry.info("sent", { subject });
    return summary;
  });
}

/** The most that a state keeps of an error's message: those of all pieces have to fit 256 KiB. The log has all of it. */
const MESSAGE_LENGTH = 400;

/** @throws the error, with what Step Functions keeps of it cut down. */
function briefly(error: unknown): never {
  if (error instanceof Error) {
    const { name, message } = error;
    if (message.length > MESSAGE_LENGTH) error.message = `${message.slice(0, MESSAGE_LENGTH)} …`;
    // Lambda reports the stack as well, which repeats the message.
    error.stack = name;
  }
  throw error;
}
