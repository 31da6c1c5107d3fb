#!/usr/bin/env node
// Runs the command line from a clone without a build: tsx loads the TypeScript.
import "tsx";

// On Node.js 20 every client would print a long warning about future versions of the SDK, which package.json pins.
process.env["AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED"] ??= "true";
await import("../cli/main.ts");
