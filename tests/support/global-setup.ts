import { startRecording } from "./permissions";
import { startTestServer } from "./test-server";

export default async function globalSetup(): Promise<void> {
  // The tests run on Node 20 as well, which the SDK announces to leave in 2027; the Lambda runs on a later one.
  process.env["AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED"] = "true";
  await startRecording();
  (globalThis as { stopTestServer?: () => Promise<void> }).stopTestServer = await startTestServer();
}
