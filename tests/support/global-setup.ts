import { startRecording } from "./permissions";
import { startTestServer } from "./test-server";

export default async function globalSetup(): Promise<void> {
  // The tests also run on Node 20, whose support the SDK warns to end in 2027; the Lambda runs on a later version.
  process.env["AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED"] = "true";
  await startRecording();
  (globalThis as { stopTestServer?: () => Promise<void> }).stopTestServer = await startTestServer();
}
