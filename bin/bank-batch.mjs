#!/usr/bin/env node
// The command line from a clone, without a build: tsx reads the TypeScript.
import "tsx";

// On Node 20 every client would print a page about the SDK's future versions; package.json says which one runs.
process.env["AWS_SDK_JS_NODE_VERSION_SUPPORT_WARNING_DISABLED"] ??= "true";
await import("../cli/main.ts");
